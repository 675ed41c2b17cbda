//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// furtherSignals are the signals that are noticed beside those that every system
// has.
func furtherSignals() []os.Signal { return nil }

// forwardedSignals are the signals that mean the app, not the watcher.
func forwardedSignals() []os.Signal { return nil }

// bind does nothing: there are no process groups.
func bind(*exec.Cmd) {}

// signal ends the app: there are no signals.
func (p *process) signal(os.Signal) { p.kill() }

// kill ends the app. It may have ended.
func (p *process) kill() { _ = p.cmd.Process.Kill() }
