package emulator

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// Fault decides what happens to one request. OnRequest's function returns it.
type Fault struct {
	Status          int           // answer this error instead of doing anything, in the service's own format; 0 = no error
	Code            string        // AWS error code, "SlowDown"
	Message         string        // AWS error message
	Page            string        // beside Status: what something between the client and the service answers in its place
	AfterEffect     bool          // do the effect first, then the error, reset or hang
	Reset           bool          // cut the TCP connection without an answer
	Hang            bool          // do not answer until the client goes away or the server closes
	Delay           time.Duration // added latency, before anything else
	Truncate        bool          // announce the full Content-Length, send half of the body, cut
	CorruptChecksum bool          // flip a byte of the answer's body; without a body, falsify its checksum header
	Before          func()        // run before dispatch, for example another client's write
	After           func()        // run after the effect, before the answer is sent
}

// OnRequest sets the function that is asked, for every request that arrives
// over HTTP, what shall go wrong with it; nil removes it. It runs on the
// request's goroutine with no lock held, so it and the fault's Before and
// After may send requests to this server; concurrent requests call it
// concurrently.
func (s *Server) OnRequest(hook func(Request) *Fault) {
	if hook == nil {
		s.hook.Store(nil)
		return
	}
	s.hook.Store(&hook)
}

// faultFor asks the hook; it never returns nil.
func (s *Server) faultFor(r Request) *Fault {
	hook := s.hook.Load()
	if hook == nil {
		return &Fault{}
	}
	if f := (*hook)(r); f != nil {
		return f
	}
	return &Fault{}
}

// exchange is one request and what is to be done to its answer.
type exchange struct {
	server *Server
	w      http.ResponseWriter
	r      *http.Request
	call   *call
	entry  *Request
	fault  *Fault
}

func (x *exchange) run() {
	f := x.fault
	if !x.wait(f.Delay) {
		cut(x.w)
		return
	}
	if f.Before != nil {
		f.Before()
	}
	if x.broken() && !f.AfterEffect {
		x.breakOff()
		return
	}
	x.call.Time = x.server.clock.read() // what was held back happens now, not when it was sent
	resp := x.server.handle(x.call)
	if f.After != nil {
		f.After()
	}
	if x.broken() {
		x.breakOff()
		return
	}
	x.send(resp)
}

// broken reports whether the client is to get something other than the answer.
func (x *exchange) broken() bool { return x.fault.Status != 0 || x.fault.Reset || x.fault.Hang }

func (x *exchange) breakOff() {
	switch f := x.fault; {
	case f.Hang:
		select {
		case <-x.r.Context().Done():
		case <-x.server.done:
		}
		cut(x.w)
	case f.Reset:
		cut(x.w)
	case f.Page != "":
		header := http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Server": {"gateway"}}
		x.send(&response{status: f.Status, header: header, body: []byte(f.Page), length: -1})
	default:
		err := &apiError{status: f.Status, code: f.Code, message: f.Message}
		x.send(x.server.stamp(x.call, x.server.services[x.call.Service].refuse(x.call, err)))
	}
}

// wait returns false when the client went away or the server closed first.
func (x *exchange) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.r.Context().Done():
	case <-x.server.done:
	}
	return false
}

// cut drops the connection; the client sees a reset.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// Only a caller of Handler without a real connection gets here.
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset is best effort; closing below ends it anyway
	}
	_ = conn.Close() // the connection is being thrown away
}

// send writes the answer, damaged if the fault says so.
func (x *exchange) send(resp *response) {
	if x.fault.CorruptChecksum {
		corrupt(resp)
	}
	x.server.log.answered(x.entry, resp.status)
	h := x.w.Header()
	for name, values := range resp.header {
		h[name] = values
	}
	if resp.length >= 0 {
		h.Set("Content-Length", strconv.FormatInt(resp.length, 10))
	} else if bodyAllowed(resp.status) {
		h.Set("Content-Length", itoa(len(resp.body)))
	}
	x.w.WriteHeader(resp.status)
	if x.call.method != http.MethodHead {
		x.write(resp.body)
	}
}

// write sends the body. Errors are dropped: the client went away.
func (x *exchange) write(body []byte) {
	if !x.fault.Truncate {
		_, _ = x.w.Write(body)
		return
	}
	// Returning before the announced length makes net/http close the connection.
	_, _ = x.w.Write(body[:len(body)/2])
}

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// corrupt makes the answer disagree with its checksums.
func corrupt(resp *response) {
	if len(resp.body) > 0 {
		body := append([]byte(nil), resp.body...)
		body[len(body)/2] ^= 0x01
		resp.body = body
		return
	}
	for _, a := range checksumAlgorithms() {
		if resp.header.Get(a.header()) != "" {
			resp.header.Set(a.header(), a.encode([]byte("not the stored bytes")))
		}
	}
}
