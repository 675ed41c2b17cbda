package netpoll

import "syscall"

// Numbers of system calls. Package syscall knows only the multiplexed
// socketcall, which Linux has not needed since 4.3.
const (
	sysAccept4    = 364
	sysRecvfrom   = 371
	sysSendto     = 369
	sysEpollPwait = syscall.SYS_EPOLL_PWAIT
)
