package main

import "syscall"

// group are the attributes of an app that ends with its watcher, however that
// ends.
func group() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
