package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"testing"
	"time"
)

const (
	motoServer = "moto_server"
	// startsWithin is how long a start may take on a machine that has much else to
	// do. A moto that ends is not waited for.
	startsWithin = 5 * time.Minute
)

// Moto is one moto_server of a whole test binary, started when it is first asked
// for. The zero Moto is ready; Stop ends it.
type Moto struct {
	mu      sync.Mutex
	running *process
}

// Fresh is the URL of a moto with nothing in it. The test is skipped, loudly and
// counted, where moto is not installed; where it is and does not start, the test fails.
func (m *Moto) Fresh(t testing.TB) string {
	t.Helper()
	Tools(t, motoServer)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running == nil {
		p, err := start()
		if err != nil {
			t.Fatal(err)
		}
		m.running = p
	}
	if err := answers(http.MethodPost, m.running.url+"/moto-api/reset"); err != nil {
		t.Fatal(err)
	}
	return m.running.url
}

// Stop ends the server, if it was started.
func (m *Moto) Stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running != nil {
		m.running.stop()
		m.running = nil
	}
}

// StartMoto is the URL of a moto that runs until the test ends.
func StartMoto(t testing.TB) string {
	t.Helper()
	m := &Moto{}
	t.Cleanup(m.Stop)
	return m.Fresh(t)
}

// process is a moto_server that was started.
type process struct {
	cmd   *exec.Cmd
	url   string
	said  bytes.Buffer
	ended chan struct{}
}

// start runs moto on a free port. Somebody else may take the port before moto
// does, which then ends: the next port is tried.
func start() (*process, error) {
	var errs []error
	for range 3 {
		p, err := launch()
		if err == nil {
			err = p.answer()
		}
		if err == nil {
			return p, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("moto_server is installed and does not start: %w", errors.Join(errs...))
}

func launch() (*process, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	p := &process{url: "http://" + addr, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.Background(), motoServer, "-H", host, "-p", port)
	p.cmd.Stderr = &p.said
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // what it said tells more
	}()
	return p, nil
}

// answer waits until moto answers or has ended.
func (p *process) answer() error {
	limit := time.NewTimer(startsWithin)
	defer limit.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for answers(http.MethodGet, p.url+"/moto-api/data.json") != nil {
		select {
		case <-tick.C:
		case <-p.ended:
			return fmt.Errorf("moto_server ended: %s", &p.said)
		case <-limit.C:
			p.stop()
			return fmt.Errorf("moto_server does not answer within %s: %s", startsWithin, &p.said)
		}
	}
	return nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.ended
}

func freeAddress() (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func answers(method, url string) error {
	req, err := http.NewRequestWithContext(context.Background(), method, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, url, resp.Status)
	}
	return nil
}
