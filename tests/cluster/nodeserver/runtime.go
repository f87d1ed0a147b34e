package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	goruntime "runtime"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// How long to wait for output that a command's own children still hold open.
const lingering = time.Second

// What attach finds: a process that counts, and one that repeats what it reads where it has an input.
const (
	counting  = `i=0; while :; do i=$((i+1)); echo "out $i"; echo "err $i" >&2; sleep 0.1; done`
	repeating = `echo attached; while IFS= read -r line; do echo "said $line"; done; echo gone`
)

// runtime does what a container runtime does, with processes of this machine.
type runtime struct{}

func (runtime) ExecInContainer(_ context.Context, _, _, container string, command []string, in io.Reader,
	out, err io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	return run(container, command, in, out, err, tty, resize)
}

func (runtime) AttachContainer(_ context.Context, _, _, container string, in io.Reader,
	out, err io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	script := counting
	if in != nil {
		script = repeating
	}
	return run(container, []string{"sh", "-c", script}, in, out, err, tty, resize)
}

// PortForward copies both ways until the port has said all: what comes from there ends the connection.
func (runtime) PortForward(_ context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("failed to connect to localhost:%d: %w", port, err)
	}
	defer connection.Close()
	go func() {
		io.Copy(connection, stream)
		connection.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(stream, connection)
	return err
}

// run runs a command in a container's folder until it ends.
func run(container string, command []string, in io.Reader, out, err io.WriteCloser, tty bool,
	resize <-chan remotecommand.TerminalSize) error {
	if len(command) == 0 {
		return errors.New("no command specified")
	}
	if failed := os.MkdirAll(container, 0o755); failed != nil {
		return failed
	}
	process := exec.Command(command[0], command[1:]...)
	process.Dir = container
	process.Env = append(os.Environ(), "HOME="+container, "PWD="+container)
	process.WaitDelay = lingering
	process.SysProcAttr = tied()
	// Linux takes the thread that started a process for its parent: it has to last as long.
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	if tty {
		return exitOf(runOnTerminal(process, in, out, resize))
	}
	return exitOf(runOnPipes(process, in, out, err))
}

func runOnPipes(process *exec.Cmd, in io.Reader, out, err io.WriteCloser) error {
	process.SysProcAttr.Setpgid = true
	if out != nil {
		process.Stdout = out
	}
	if err != nil {
		process.Stderr = err
	}
	var input io.WriteCloser
	if in != nil {
		// Not process.Stdin: Wait would wait for a client that has more to say to a process that is gone.
		var failed error
		if input, failed = process.StdinPipe(); failed != nil {
			return failed
		}
	}
	if failed := start(process, process.Start); failed != nil {
		return failed
	}
	defer ended(process)
	if input != nil {
		go func() {
			io.Copy(input, in)
			input.Close()
		}()
	}
	return process.Wait()
}

func runOnTerminal(process *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	process.Env = append(process.Env, "TERM=xterm")
	var terminal *os.File
	failed := start(process, func() (err error) {
		terminal, err = pty.StartWithAttrs(process, nil, process.SysProcAttr)
		return err
	})
	if failed != nil {
		return failed
	}
	defer ended(process)
	defer terminal.Close()
	go func() {
		for size := range resize {
			pty.Setsize(terminal, &pty.Winsize{Rows: size.Height, Cols: size.Width})
		}
	}()
	if in != nil {
		go io.Copy(terminal, in)
	}
	if out == nil {
		out = io.Discard
	}
	// It ends with an error where the last process that has the terminal is gone: no news.
	io.Copy(out, terminal)
	return process.Wait()
}

// exitOf gives an exit code the type by which the library knows it; 128 and more is a signal, as in a shell.
func exitOf(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		if errors.Is(err, exec.ErrWaitDelay) {
			return nil
		}
		return err
	}
	code := exit.ExitCode()
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", code), Code: code}
}

// The groups of the processes that run, so that none outlives this one.
var (
	lock   sync.Mutex
	groups = map[int]bool{}
)

func start(process *exec.Cmd, how func() error) error {
	lock.Lock()
	defer lock.Unlock()
	if err := how(); err != nil {
		return err
	}
	groups[process.Process.Pid] = true
	return nil
}

func ended(process *exec.Cmd) {
	lock.Lock()
	defer lock.Unlock()
	delete(groups, process.Process.Pid)
}

// endAll ends every process, and lets none begin any more.
func endAll() {
	lock.Lock()
	for group := range groups {
		syscall.Kill(-group, syscall.SIGKILL)
	}
}
