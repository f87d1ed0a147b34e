// nodeserver answers what an API server asks of a node: exec, attach, port-forward and logs.
//
// It is built on the kubelet's own streaming library, so that what goes over the wire is what a kubelet sends. What
// stands behind it is of this machine: a command is a process here, a port is a port of 127.0.0.1, a container is a
// folder ROOT/namespace/pod/container, which is the working directory of its commands; container.log beside it
// is what it logged, in the format of container runtimes.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// As the kubelet's: an idle stream lives for four hours.
const idle = 4 * time.Hour

var (
	address  = flag.String("address", "", "where to listen, host:port")
	root     = flag.String("root", "", "the folder of the containers")
	certFile = flag.String("tls-cert-file", "", "the server's certificate")
	keyFile  = flag.String("tls-private-key-file", "", "the server's key")
	caFile   = flag.String("client-ca-file", "", "who may come: clients of this authority")
)

func main() {
	flag.Parse()
	authority, err := os.ReadFile(*caFile)
	if err != nil {
		log.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(authority)
	server := &http.Server{
		Addr:      *address,
		Handler:   routes(),
		TLSConfig: &tls.Config{ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert},
		// An upgraded connection is a kubelet's business over HTTP/1.1 only.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	told, forget := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer forget()
	go func() {
		<-told.Done()
		endAll()
		os.Exit(0)
	}()
	log.Fatal(server.ListenAndServeTLS(*certFile, *keyFile))
}

func routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", serveExec)
	mux.HandleFunc("/attach/{namespace}/{pod}/{container}", serveAttach)
	mux.HandleFunc("/portForward/{namespace}/{pod}", servePortForward)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", serveLogs)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("/echo/", serveEcho)
	return mux
}

// containerOf returns a container's folder. The API server has checked that the pod and the container are there.
func containerOf(r *http.Request) string {
	return filepath.Join(*root, r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"))
}

func serveExec(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	command := r.URL.Query()["command"]
	remotecommand.ServeExec(w, r, runtime{}, "", "", containerOf(r), command, options,
		idle, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

func serveAttach(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeAttach(w, r, runtime{}, "", "", containerOf(r), options,
		idle, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

func servePortForward(w http.ResponseWriter, r *http.Request) {
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, runtime{}, r.PathValue("pod"), "", options,
		idle, remotecommand.DefaultStreamCreationTimeout, portforward.SupportedProtocols)
}
