// Petrascan finds Petra Security API keys in files and Git history.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/petrascan/petrascan/cmd/internal/cli"
)

func main() {
	env, err := cli.System()
	if err != nil {
		fmt.Fprintln(os.Stderr, "petrascan:", err)
		os.Exit(2)
	}
	os.Exit(cli.Main(untilSignal(), env, os.Args[1:]))
}

// untilSignal returns a context that ends with the first signal to stop. The
// second one ends the process at once.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		if <-signals == os.Interrupt {
			cancel(cli.ErrInterrupted)
		} else {
			cancel(cli.ErrTerminated)
		}
		signal.Stop(signals)
	}()
	return ctx
}
