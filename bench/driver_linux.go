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
// port and the depth follow, and commands come from standard input.
const loadFlag = "-load"

// A count is what the load has received.
type count struct{ responses, octets int64 }

// runLoad is the main function of the load's process.
func runLoad(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: %s PORT DEPTH", loadFlag)
	}
	port, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	depth, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	l, err := newLoad(&unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}, depth)
	if err != nil {
		return err
	}
	defer l.close()
	return l.obey(os.Stdin, os.Stdout)
}

// obey carries out one command a line until the end of in:
//
//	grow N        open connections until there are N, each with an answer that is checked
//	run DURATION  load the server
//
// and answers each with "ok RESPONSES OCTETS" or with "error TEXT".
func (l *load) obey(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		c, err := l.carryOut(lines.Text())
		if err != nil {
			_, err = fmt.Fprintf(out, "error %q\n", err.Error())
		} else {
			_, err = fmt.Fprintf(out, "ok %d %d\n", c.responses, c.octets)
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

func (l *load) carryOut(command string) (count, error) {
	verb, value, _ := strings.Cut(command, " ")
	switch verb {
	case "grow":
		n, err := strconv.Atoi(value)
		if err != nil {
			return count{}, err
		}
		return l.grow(n)
	case "run":
		d, err := time.ParseDuration(value)
		if err != nil {
			return count{}, err
		}
		return l.run(d)
	}
	return count{}, fmt.Errorf("no command: %q", command)
}

// A driver is the other end: it gives commands to a load in a process of its own.
type driver struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startDriver starts the load on its core. It dies when ctx ends, or with the
// calling thread.
func startDriver(ctx context.Context, port, depth int, c cores) (*driver, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, loadFlag, strconv.Itoa(port), strconv.Itoa(depth))
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
	return &driver{cmd, in, bufio.NewReader(out)}, onCore(c.load, cmd.Start)
}

// childAttributes make a process end with bench however bench ends. It is in a
// process group of its own, so that ctrl-C reaches bench alone, which then ends
// its children in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

func (d *driver) grow(n int) (count, error) { return d.tell("grow " + strconv.Itoa(n)) }

func (d *driver) run(length time.Duration) (count, error) { return d.tell("run " + length.String()) }

// tell gives one command and waits for the answer.
func (d *driver) tell(command string) (c count, err error) {
	if _, err = io.WriteString(d.in, command+"\n"); err != nil {
		return c, fmt.Errorf("load: %w", err)
	}
	line, err := d.out.ReadString('\n')
	if err != nil {
		return c, fmt.Errorf("load: %w", err)
	}
	return parseAnswer(strings.TrimSuffix(line, "\n"))
}

func parseAnswer(line string) (c count, err error) {
	if quoted, ok := strings.CutPrefix(line, "error "); ok {
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return c, fmt.Errorf("load: %s", line)
		}
		return c, errors.New(text)
	}
	if _, err := fmt.Sscanf(line, "ok %d %d", &c.responses, &c.octets); err != nil {
		return c, fmt.Errorf("load: %q: %w", line, err)
	}
	return c, nil
}

// stop ends the load. How it ended says nothing: what matters was answered.
func (d *driver) stop() error {
	if err := d.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = d.cmd.Wait()
	return nil
}
