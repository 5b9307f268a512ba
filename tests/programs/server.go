// SPDX-License-Identifier: BSD-2-Clause
// A web server without libc (CGO_ENABLED=0): files of the folder that it is
// given, until SIGTERM, then it lets requests finish.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{
		Addr:    ":80",
		Handler: http.FileServer(http.Dir(os.Args[1])),
	}
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	log.Print("ends by itself")
}
