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
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if <-signals == os.Interrupt {
			cancel(cli.ErrInterrupted)
		} else {
			cancel(cli.ErrTerminated)
		}
		signal.Stop(signals) // a second signal ends the process at once
	}()
	env, err := cli.System()
	if err != nil {
		fmt.Fprintln(os.Stderr, "petrascan:", err)
		os.Exit(2)
	}
	os.Exit(cli.Main(ctx, env, os.Args[1:]))
}
