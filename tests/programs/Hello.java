// SPDX-License-Identifier: BSD-2-Clause
// The JDK's own web server with a pool of threads: files of /srv/www.
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;

public class Hello {
    public static void main(String[] args) throws Exception {
        var server = HttpServer.create(new InetSocketAddress(80), 64);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.createContext("/", exchange -> {
            var name = exchange.getRequestURI().getPath();
            var path = Path.of("/srv/www",
                               name.equals("/") ? "index.html" : name);
            var there = Files.isRegularFile(path);
            var body = there ? Files.readAllBytes(path) : new byte[0];
            exchange.sendResponseHeaders(there ? 200 : 404,
                                         there ? body.length : -1);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }
}
