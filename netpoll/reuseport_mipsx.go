//go:build linux && (mips || mipsle || mips64 || mips64le)

package netpoll

// soReusePort is SO_REUSEPORT, which package syscall does not have everywhere.
const soReusePort = 0x200
