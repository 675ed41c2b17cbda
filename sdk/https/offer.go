package https

import (
	"crypto/tls"
	"errors"
	"fmt"
	"sync"

	"github.com/windhover-go/windhover/netpoll"
	"github.com/windhover-go/windhover/sdk"
	engine "github.com/windhover-go/windhover/tls"
)

// Offer makes a server end TLS on its endpoints with https.
func Offer(s *sdk.Setup) { s.Secure(security{}) }

type security struct{}

// Prepare implements sdk.Security.
func (security) Prepare(config sdk.TLSConfig, endpoints []sdk.SecureEndpoint, protocols []string, limits *sdk.Limits) (sdk.Terminator, error) {
	given, err := configOf(config)
	if err != nil {
		return nil, err
	}
	t := &terminator{stop: make(chan struct{})}
	if t.config, err = given.withDefaults(); err != nil {
		return nil, err
	}
	base, err := t.config.base(protocols)
	if err != nil {
		return nil, err
	}
	if err := t.loadAll(base, endpoints); err != nil {
		return nil, err
	}
	t.limits = engine.Limits{Handshakes: limits.Handshakes, HandshakeTimeout: int64(limits.HandshakeTimeout)}
	t.protocol = http11
	if len(protocols) == 1 {
		t.protocol = protocols[0]
	}
	if t.config.ReloadInterval > 0 {
		t.watching.Go(func() { t.watch(t.stop) })
	}
	return t, nil
}

// loadAll reads every file, and makes the configuration of each endpoint.
func (t *terminator) loadAll(base *tls.Config, endpoints []sdk.SecureEndpoint) error {
	var errs []error
	load := func(c Certificate, of string) *pair {
		p := &pair{Certificate: c}
		if err := p.load(); err != nil {
			errs = append(errs, fmt.Errorf("windhover: %s: the certificate cannot be used: %w", of, err))
		}
		t.pairs = append(t.pairs, p)
		return p
	}
	for _, c := range t.config.Certificates {
		load(c, fmt.Sprintf("https.Config.Certificates (%s, %s)", c.CertFile, c.KeyFile))
	}
	shared := t.pairs
	for _, e := range endpoints {
		s := &store{strict: t.config.Strict}
		if e.CertFile != "" {
			s.pairs = append(s.pairs, load(Certificate{e.CertFile, e.KeyFile}, fmt.Sprintf("endpoint %q", e.URL)))
		}
		s.pairs = append(s.pairs, shared...)
		if len(s.pairs) == 0 && t.config.GetCertificate == nil && t.config.GetConfigForClient == nil {
			errs = append(errs, fmt.Errorf("windhover: endpoint %q has no certificate: add ?cert=cert.pem&key=key.pem (for development, windhover cert makes them), or set Config.TLS", e.URL))
		}
		t.configs = append(t.configs, t.configOf(base, s))
	}
	if t.config.TicketKeyFile != "" {
		t.tickets = &tickets{file: t.config.TicketKeyFile}
		if err := t.tickets.load(t.configs); err != nil {
			errs = append(errs, fmt.Errorf("windhover: https.Config.TicketKeyFile: %s: %w", t.tickets.file, err))
		}
	}
	return errors.Join(errs...)
}

// configOf returns the configuration of an endpoint with the certificates of s.
func (t *terminator) configOf(base *tls.Config, s *store) *tls.Config {
	c := base.Clone()
	get := t.config.GetCertificate
	c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if get != nil {
			if found, err := get(hello); found != nil || err != nil {
				return found, err
			}
		}
		return s.choose(hello), nil
	}
	if change := t.config.GetConfigForClient; change != nil {
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) { return change(hello, c.Clone()) }
	}
	return c
}

// terminator implements sdk.Terminator.
type terminator struct {
	config   Config
	configs  []*tls.Config // of each endpoint
	pairs    []*pair       // all of them; the watcher's
	tickets  *tickets      // nil: there is no file
	limits   engine.Limits
	protocol string // that of a client that negotiates none
	counts   counts

	mu       sync.Mutex
	server   *engine.Server // made by the first Attach
	host     *sdk.Host      // of one of the loops, for panics; nil before Attach
	stop     chan struct{}
	closed   sync.Once
	watching sync.WaitGroup
}

// Attach implements sdk.Terminator.
func (t *terminator) Attach(h *sdk.Host, endpoint int, accepts map[string]func(*netpoll.Conn) netpoll.Handler) func(*netpoll.Conn) netpoll.Handler {
	t.mu.Lock()
	if t.server == nil {
		t.server = engine.New(engine.Config{Limits: t.limits, Clock: h.Loop().Clock})
	}
	t.host = h
	t.mu.Unlock()
	if accept := accepts[http11]; accept != nil {
		accepts[http10] = accept
	}
	l := &loop{terminator: t, host: h, config: t.configs[endpoint], accepts: accepts}
	return l.accept
}

// Counts implements sdk.Terminator.
func (t *terminator) Counts() sdk.TLSCounts { return t.counts.read() }

// Close implements sdk.Terminator.
func (t *terminator) Close() {
	t.closed.Do(func() {
		close(t.stop)
		t.watching.Wait()
	})
}

// loop is one endpoint on one loop.
type loop struct {
	terminator *terminator
	host       *sdk.Host
	config     *tls.Config
	accepts    map[string]func(*netpoll.Conn) netpoll.Handler
	failures   failures
}

func (l *loop) accept(c *netpoll.Conn) netpoll.Handler {
	if !l.host.Admit(c.RemoteAddr()) {
		return nil
	}
	s := &session{loop: l, conn: c}
	s.engine.Start(l.terminator.server, l.config, &host{s, c.LocalAddr(), c.RemoteAddr()}, c.Now())
	c.SetDeadline(s.engine.Deadline())
	return s
}
