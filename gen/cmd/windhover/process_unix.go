//go:build unix

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// furtherSignals are the signals that are noticed beside those that every system
// has.
func furtherSignals() []os.Signal {
	// A watcher in the background may not read the terminal: it does without.
	signal.Ignore(syscall.SIGTTIN)
	return append(forwardedSignals(), syscall.SIGHUP)
}

// forwardedSignals are the signals that mean the app, not the watcher.
func forwardedSignals() []os.Signal {
	return []os.Signal{syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}
}

// bind makes the app lead a process group: a signal from the terminal reaches it
// through the watcher alone, and what it starts ends with it.
func bind(cmd *exec.Cmd) { cmd.SysProcAttr = group() }

// signal sends a signal to the app. It may have ended.
func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// kill ends the app and all that is left of its group.
func (p *process) kill() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
