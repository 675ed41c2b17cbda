//go:build !linux

package netpoll

import (
	"errors"
	"net/netip"
)

// errUnsupported says that this package knows no kernel here.
var errUnsupported = errors.New("netpoll: this operating system is not supported: windhover serves on Linux")

// system is the System of an operating system without a Kernel.
type system struct{}

func newSystem() System { return system{} }

// Kernel implements System.
func (system) Kernel() (Kernel, error) { return nil, errUnsupported }

// Listen implements System.
func (system) Listen(netip.AddrPort, ListenOptions) (fd int, bound netip.AddrPort, err error) {
	return -1, bound, errUnsupported
}

// Close implements System.
func (system) Close(int) error { return errUnsupported }
