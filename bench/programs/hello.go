// SPDX-License-Identifier: BSD-2-Clause

// A server that says hello on the port that it is told.
package main

import (
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("hello\n"))
	})
	log.Fatal(http.ListenAndServe(":"+os.Args[1], nil))
}
