//go:build unix

package clone

import (
	"os/exec"
	"syscall"
)

// alone starts the command in a session of its own: neither it nor what it
// starts can ask on the terminal, and all of it ends with the context.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
