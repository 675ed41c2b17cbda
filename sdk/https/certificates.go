package https

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// A pair is a certificate and its key, in files that may be replaced at any
// time. Any goroutine may use it.
type pair struct {
	Certificate
	loaded atomic.Pointer[tls.Certificate]
	stamps [2]stamp // of the files when they were looked at last; the watcher's
}

// load reads the files and puts them to use if they are right.
func (p *pair) load() error {
	p.stamps = [2]stamp{stampOf(p.CertFile), stampOf(p.KeyFile)}
	c, err := tls.LoadX509KeyPair(p.CertFile, p.KeyFile)
	if err != nil {
		return err
	}
	if c.Leaf == nil { // GODEBUG can make it so
		if c.Leaf, err = x509.ParseCertificate(c.Certificate[0]); err != nil {
			return err
		}
	}
	if before := p.loaded.Load(); before != nil {
		// At the start it is the operator's choice; later the one that is in
		// use is better.
		now := time.Now() //nolint:forbidigo // certificates are valid in civil time
		if now.Before(c.Leaf.NotBefore) || now.After(c.Leaf.NotAfter) {
			return fmt.Errorf("it is valid from %v to %v only", c.Leaf.NotBefore, c.Leaf.NotAfter)
		}
	}
	p.loaded.Store(&c)
	return nil
}

// changed reports whether the files are not those that were read last.
func (p *pair) changed() bool {
	return !p.stamps[0].is(stampOf(p.CertFile)) || !p.stamps[1].is(stampOf(p.KeyFile))
}

// A stamp tells a file from the one that replaces it, also when both were
// written at the same moment. It is nil when there is none.
type stamp struct{ os.FileInfo }

func stampOf(file string) stamp {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{}
	}
	return stamp{info}
}

// is reports whether two stamps are of the same state of a file.
func (s stamp) is(o stamp) bool {
	if s.FileInfo == nil || o.FileInfo == nil {
		return s.FileInfo == nil && o.FileInfo == nil
	}
	return os.SameFile(s.FileInfo, o.FileInfo) && s.Size() == o.Size() && s.ModTime().Equal(o.ModTime())
}

// A store is the certificates that an endpoint has to choose from. It is read-only;
// the pairs in it are not.
type store struct {
	pairs  []*pair // the default first
	strict bool
}

// choose returns the certificate for a handshake, nil when there is none: then
// crypto/tls sends the alert unrecognized_name (RFC 6066 section 3).
func (s *store) choose(hello *tls.ClientHelloInfo) *tls.Certificate {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	var first, exact, wildcard *tls.Certificate
	for _, p := range s.pairs {
		c := p.loaded.Load()
		switch rank := matches(c.Leaf, name); {
		case rank == 2 && better(hello, exact, c):
			exact = c
		case rank == 1 && better(hello, wildcard, c):
			wildcard = c
		}
		if first == nil {
			first = c
		}
	}
	switch {
	case exact != nil:
		return exact
	case wildcard != nil:
		return wildcard
	case s.strict && name != "":
		return nil
	}
	return first
}

// better reports whether c is a better choice than what was found before: the
// first is, unless the client cannot use it, as one with an old key type cannot.
func better(hello *tls.ClientHelloInfo, found, c *tls.Certificate) bool {
	return found == nil || hello.SupportsCertificate(found) != nil && hello.SupportsCertificate(c) == nil
}

// matches returns 2 when a certificate has a server name, 1 when it has a
// wildcard for it (RFC 6125 section 6.4.3), and 0 otherwise.
func matches(leaf *x509.Certificate, name string) (rank int) {
	if name == "" {
		return 0
	}
	_, parent, _ := strings.Cut(name, ".")
	for _, dns := range leaf.DNSNames {
		dns = strings.ToLower(dns)
		if dns == name {
			return 2
		}
		if star, ok := strings.CutPrefix(dns, "*."); ok && star == parent {
			rank = 1
		}
	}
	return rank
}

// tickets are the keys of session tickets.
type tickets struct {
	file  string
	stamp stamp
}

// load reads the keys and puts them to use.
func (t *tickets) load(configs []*tls.Config) error {
	t.stamp = stampOf(t.file)
	text, err := os.ReadFile(t.file)
	if err != nil {
		return err
	}
	var keys [][32]byte
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		var key [32]byte
		if n, err := hex.Decode(key[:], []byte(line[:min(len(line), 2*len(key))])); err != nil || n != len(key) || len(line) != 2*len(key) {
			return fmt.Errorf("line %d is no key: 64 hexadecimal digits, such as openssl rand -hex 32 prints", len(keys)+1)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return errors.New("it has no key")
	}
	for _, c := range configs {
		c.SetSessionTicketKeys(keys)
	}
	return nil
}

// watch looks at the files until stop is closed.
func (t *terminator) watch(stop <-chan struct{}) {
	tick := time.NewTicker(t.config.ReloadInterval) //nolint:forbidigo // files change in real time, and no test depends on it
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			t.reload()
		}
	}
}

// reload reads the files that have changed.
func (t *terminator) reload() {
	for _, p := range t.pairs {
		if p.changed() {
			t.reloaded(p.CertFile, p.load())
		}
	}
	if t.tickets != nil && !t.tickets.stamp.is(stampOf(t.tickets.file)) {
		t.reloaded(t.tickets.file, t.tickets.load(t.configs))
	}
}

// reloaded calls the hook. A panic of it ends nothing.
func (t *terminator) reloaded(file string, err error) {
	defer func() {
		if v := recover(); v != nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			if t.host != nil {
				t.host.Panicked(&hookPlan, v)
			}
		}
	}()
	t.config.OnReload(file, err)
}
