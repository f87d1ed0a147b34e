package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	cri "k8s.io/cri-api/pkg/apis"
	criv1 "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/logs"
)

// serveLogs serves container.log, or container.previous.log, by the kubelet's own reader.
func serveLogs(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	options, err := logOptions(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	file, err := logFile(containerOf(r), query.Get("previous") == "true")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out := &flushing{w}
	var stdout, stderr io.Writer = out, out
	switch query.Get("stream") {
	case "Stdout":
		stderr = nil
	case "Stderr":
		stdout = nil
	}
	// As with a kubelet, the headers go out with the first line.
	if err := logs.ReadLogs(r.Context(), file, containerOf(r), options, containers{}, stdout, stderr); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// logFile returns a container's log; one that has said nothing yet is empty, as a kubelet's.
func logFile(container string, previous bool) (string, error) {
	if previous {
		file := container + ".previous.log"
		if _, err := os.Stat(file); err != nil {
			return "", fmt.Errorf("previous terminated container %q not found", filepath.Base(container))
		}
		return file, nil
	}
	file := container + ".log"
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	made, err := os.OpenFile(file, os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return "", err
	}
	return file, made.Close()
}

func logOptions(query url.Values) (options *logs.LogOptions, err error) {
	options = &logs.LogOptions{Follow: query.Get("follow") == "true", Timestamp: query.Get("timestamps") == "true"}
	if options.TailLines, err = number(query, "tailLines"); err != nil {
		return nil, err
	}
	if options.LimitBytes, err = number(query, "limitBytes"); err != nil {
		return nil, err
	}
	seconds, err := number(query, "sinceSeconds")
	if err != nil {
		return nil, err
	}
	if seconds != nil {
		options.Since = time.Now().Add(-time.Duration(*seconds) * time.Second)
	}
	if since := query.Get("sinceTime"); since != "" {
		options.Since, err = time.Parse(time.RFC3339, since)
	}
	return options, err
}

func number(query url.Values, name string) (*int64, error) {
	if !query.Has(name) {
		return nil, nil
	}
	value, err := strconv.ParseInt(query.Get(name), 10, 64)
	return &value, err
}

// flushing sends each line on its way at once.
type flushing struct{ http.ResponseWriter }

func (w *flushing) Write(data []byte) (int, error) {
	n, err := w.ResponseWriter.Write(data)
	w.ResponseWriter.(http.Flusher).Flush()
	return n, err
}

// containers says of a container that it runs, until there is a file container.ended beside its folder.
type containers struct{ cri.RuntimeService }

func (containers) ContainerStatus(_ context.Context, container string, _ bool) (*criv1.ContainerStatusResponse, error) {
	state := criv1.ContainerState_CONTAINER_RUNNING
	if _, err := os.Stat(container + ".ended"); err == nil {
		state = criv1.ContainerState_CONTAINER_EXITED
	}
	return &criv1.ContainerStatusResponse{Status: &criv1.ContainerStatus{Id: container, State: state}}, nil
}

// serveEcho says what came, for the proxy's tests.
func serveEcho(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK
	if asked, err := strconv.Atoi(r.URL.Query().Get("status")); err == nil {
		status = asked
	}
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Echo", r.Header.Get("X-Echo"))
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s %s\n%s", r.Method, r.URL.RequestURI(), body)
}
