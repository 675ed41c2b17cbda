//go:build !386

package netpoll

import "syscall"

// Numbers of system calls; see sysnum_linux_386.go.
const (
	sysAccept4    = syscall.SYS_ACCEPT4
	sysRecvfrom   = syscall.SYS_RECVFROM
	sysSendto     = syscall.SYS_SENDTO
	sysEpollPwait = syscall.SYS_EPOLL_PWAIT
)
