// SPDX-License-Identifier: BSD-2-Clause
// A server that says hello on the port that it is told.
require("http").createServer((request, response) => {
    response.setHeader("Content-Length", 6);
    response.end("hello\n");
}).listen(Number(process.argv[2]), "0.0.0.0");
