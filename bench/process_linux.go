package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// processTime reads the CPU clock of a process, as clock_getcpuclockid(3) makes
// it: the complement of the process id, and 2 for the scheduler's clock.
func processTime(pid int) (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// privateDirty returns the octets of memory that a process has written and
// shares with no other.
func privateDirty(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	return parsePrivateDirty(text)
}

func parsePrivateDirty(smaps []byte) (int64, error) {
	for line := range bytes.Lines(smaps) {
		f := bytes.Fields(line)
		if len(f) == 3 && string(f[0]) == "Private_Dirty:" && string(f[2]) == "kB" {
			n, err := strconv.ParseInt(string(f[1]), 10, 64)
			return n << 10, err
		}
	}
	return 0, errors.New("smaps_rollup: no Private_Dirty in kB")
}

// raiseDescriptors lets this process and its children have n descriptors. A
// limit that is set explicitly is what children inherit; they would get the old
// one if it was Go's runtime that raised it.
func raiseDescriptors(n uint64) error {
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		return err
	}
	want := unix.Rlimit{Cur: max(n, now.Cur), Max: max(n, now.Max)}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &want); err != nil {
		return fmt.Errorf("cannot raise the limit of descriptors from %d to %d: %w", now.Max, n, err)
	}
	return nil
}

// cores says where the server, the load and abusers run.
type cores struct{ server, load, abusers int }

// chooseCores takes the first cores that this process may use. If there are but
// two, abusers share that of the load.
func chooseCores() (cores, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return cores{}, err
	}
	var usable []int
	for i := range len(set) * strconv.IntSize {
		if set.IsSet(i) {
			usable = append(usable, i)
		}
	}
	if len(usable) < 2 {
		return cores{}, fmt.Errorf("this process may use %d core; the server and the load need one each", len(usable))
	}
	return cores{server: usable[0], load: usable[1], abusers: usable[min(2, len(usable)-1)]}, nil
}

// onCore runs f with the calling thread on a core; a process that f starts
// stays there with all its threads. The calling goroutine has to be locked to
// its thread.
func onCore(core int, f func() error) error {
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	set.Set(core)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return err
	}
	return errors.Join(f(), unix.SchedSetaffinity(0, &before))
}

// machine describes what the figures of the suite depend on.
func machine(ctx context.Context, c cores, o options) string {
	return system(ctx) + fmt.Sprintf(`servers    core %d, GOMAXPROCS=1; the load on core %d, %d connections
rounds     %d of %v (memory: %d), servers in turn, a fresh process in each
figures    median (lowest – highest)
`, c.server, c.load, o.conns, o.rounds, o.duration, min(o.rounds, maxIdleRounds))
}

// system describes the machine, and what is measured.
func system(ctx context.Context) string {
	var name unix.Utsname
	kernel := "unknown"
	if unix.Uname(&name) == nil {
		kernel = unix.ByteSliceToString(name.Release[:])
	}
	return fmt.Sprintf(`machine    %s, %d cores
system     Linux %s, %s
windhover  %s
`, processor(), runtime.NumCPU(), kernel, runtime.Version(), revision(ctx))
}

// revision returns the commit that is measured, if git knows it.
func revision(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty=, with changes").Output()
	if err != nil {
		return "of no known commit"
	}
	return "at " + strings.TrimSpace(string(out))
}

// processor returns the name of the CPU.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimLeft(strings.TrimSpace(name), ": \t")
		}
	}
	return runtime.GOARCH
}
