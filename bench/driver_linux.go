package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// loadFlag as the first argument makes this program the load of another: the
// port, the depth and how it uses TLS follow, and commands come from standard
// input.
const loadFlag = "-load"

// A count is what the load has received.
type count struct{ responses, octets int64 }

// runLoad is the main function of the load's process.
func runLoad(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: %s PORT DEPTH %s|%s|%s", loadFlag, inClear, kept, handshakes)
	}
	port, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	depth, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	if args[2] != inClear {
		l := newSecureLoad(port, args[2])
		defer l.close()
		return obey(os.Stdin, os.Stdout, l.carryOut)
	}
	l, err := newLoad(&unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}, depth)
	if err != nil {
		return err
	}
	defer l.close()
	return obey(os.Stdin, os.Stdout, l.carryOut)
}

// obey carries out one command a line until the end of in, and answers each
// with "ok" and figures, or with "error TEXT".
func obey(in io.Reader, out io.Writer, carryOut func(command string) ([]int64, error)) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		figures, err := carryOut(lines.Text())
		if err != nil {
			_, err = fmt.Fprintf(out, "error %q\n", err.Error())
		} else {
			answer := []byte("ok")
			for _, f := range figures {
				answer = strconv.AppendInt(append(answer, ' '), f, 10)
			}
			_, err = out.Write(append(answer, '\n'))
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// carryOut carries out one command of a load:
//
//	grow N              open connections until there are N, each with an answer that is checked
//	run DURATION        load the server
//	keep RATE DURATION  ask so many times a second, whatever the answers do
//
// The figures are responses and octets; those of keep are in keepResult.figures.
func (l *load) carryOut(command string) ([]int64, error) {
	if value, ok := strings.CutPrefix(command, "keep "); ok {
		s, err := parseSchedule(value)
		if err != nil {
			return nil, err
		}
		k, err := l.keep(s)
		return k.figures(), err
	}
	return carryOut(command, l.grow, l.run)
}

// carryOut carries out grow and run.
func carryOut(command string, grow func(int) (count, error), run func(time.Duration) (count, error)) ([]int64, error) {
	verb, value, _ := strings.Cut(command, " ")
	switch verb {
	case "grow":
		n, err := strconv.Atoi(value)
		if err != nil {
			return nil, err
		}
		c, err := grow(n)
		return []int64{c.responses, c.octets}, err
	case "run":
		d, err := time.ParseDuration(value)
		if err != nil {
			return nil, err
		}
		c, err := run(d)
		return []int64{c.responses, c.octets}, err
	}
	return nil, fmt.Errorf("no command: %q", command)
}

// A driver is the other end: it gives commands to a process of its own, a load
// or one of abusers.
type driver struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startDriver starts the load of a port on its core.
func startDriver(ctx context.Context, port, depth int, mode string, c cores) (*driver, error) {
	return startSelf(ctx, c.load, loadFlag, strconv.Itoa(port), strconv.Itoa(depth), mode)
}

// startAbusers starts the abusers of a port on their core.
func startAbusers(ctx context.Context, port int, c cores) (*driver, error) {
	return startSelf(ctx, c.abusers, abusersFlag, strconv.Itoa(port))
}

// startSelf starts this program again, on a core. It dies when ctx ends, or
// with the calling thread.
func startSelf(ctx context.Context, core int, args ...string) (*driver, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = childAttributes()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &driver{cmd, in, bufio.NewReader(out)}, onCore(core, cmd.Start)
}

// childAttributes make a process end with bench however bench ends. It is in a
// process group of its own, so that ctrl-C reaches bench alone, which then ends
// its children in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

func (d *driver) grow(n int) (count, error) { return d.count("grow " + strconv.Itoa(n)) }

func (d *driver) run(length time.Duration) (count, error) { return d.count("run " + length.String()) }

func (d *driver) keep(s schedule) (keepResult, error) {
	figures, err := d.tell("keep "+s.String(), keepFigures)
	if err != nil {
		return keepResult{}, err
	}
	return parseKeep(figures), nil
}

// count gives a command that is answered with responses and octets.
func (d *driver) count(command string) (count, error) {
	figures, err := d.tell(command, 2)
	if err != nil {
		return count{}, err
	}
	return count{figures[0], figures[1]}, nil
}

// tell gives one command and waits for the answer, of n figures.
func (d *driver) tell(command string, n int) (figures []int64, err error) {
	if _, err = io.WriteString(d.in, command+"\n"); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	line, err := d.out.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return parseAnswer(strings.TrimSuffix(line, "\n"), n)
}

func parseAnswer(line string, n int) (figures []int64, err error) {
	if quoted, ok := strings.CutPrefix(line, "error "); ok {
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("load: %s", line)
		}
		return nil, errors.New(text)
	}
	fields := strings.Fields(line)
	if len(fields) != n+1 || fields[0] != "ok" {
		return nil, fmt.Errorf("load: %q is not an answer of %d figures", line, n)
	}
	for _, f := range fields[1:] {
		x, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("load: %q: %w", line, err)
		}
		figures = append(figures, x)
	}
	return figures, nil
}

// stop ends the process. How it ended says nothing: what matters was answered.
func (d *driver) stop() error {
	if err := d.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = d.cmd.Wait()
	return nil
}
