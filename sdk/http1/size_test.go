package http1

import (
	"testing"
	"unsafe"
)

// TestConnIsSmall checks what a connection that waits for a request costs
// beside its slot in netpoll: the size of an allocation.
func TestConnIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(conn{}); n > 96 {
		t.Errorf("a conn has %d octets; want 96 at most", n)
	}
}
