//go:build unix && !linux

package main

import "syscall"

// group are the attributes of an app.
func group() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
