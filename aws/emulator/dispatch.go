package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// serve answers one request from the network.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		cut(w) // the client went away; returning alone would answer 200
		return
	}
	c := s.newCall(s.clock.read(), r.Method, r.URL, r.Header, body)
	if c.Header.Get("Host") == "" {
		c.Header.Set("Host", r.Host)
	}
	entry := s.log.add(&c.Request)
	x := &exchange{server: s, w: w, r: r, call: c, entry: entry, fault: s.faultFor(c.Request)}
	x.run()
}

// readBody reads the whole request; the size is known for all but chunked ones.
func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 {
		return io.ReadAll(r.Body)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// directCall builds the call of Do.
func (s *Server) directCall(at time.Time, method, target string, header http.Header, body []byte) (*call, error) {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, fmt.Errorf("emulator: request target %q: %w", target, err)
	}
	header = header.Clone()
	if header == nil {
		header = http.Header{}
	}
	c := s.newCall(at.UTC(), method, u, header, body)
	c.trusted = true
	return c, nil
}

// newCall decodes and classifies a request.
func (s *Server) newCall(at time.Time, method string, u *url.URL, header http.Header, body []byte) *call {
	c := &call{method: method, path: u.Path, query: u.Query(), body: body, requestID: s.ids.requestID()}
	c.Header, c.Time = header, at
	c.accessKey, c.region = scope(header, s.opts.Region)
	c.body, c.bad = decodeBody(header, body)
	c.Body = c.body
	classify(c)
	c.Query = c.query
	c.Mutates = mutates(c.Operation)
	return c
}

// classify names the service and the operation.
func classify(c *call) {
	target := c.header("X-Amz-Target")
	prefix, op, _ := strings.Cut(target, ".")
	switch {
	case strings.HasPrefix(prefix, "DynamoDB"):
		c.Service, c.Operation, c.Table = serviceDynamoDB, op, tableOf(c.body)
	case prefix == "TrentService":
		c.Service, c.Operation = serviceKMS, op
	case c.path == "/" && isForm(c.header("Content-Type")):
		c.Service = serviceSTS
		classifyForm(c)
	case isS3Control(c):
		classifyS3Control(c)
	default:
		c.Service = serviceS3
		classifyS3(c)
	}
}

func isForm(contentType string) bool {
	return strings.HasPrefix(contentType, "application/x-www-form-urlencoded")
}

// classifyForm reads an AWS query protocol request: its parameters are the body.
func classifyForm(c *call) {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		c.bad = fail(http.StatusBadRequest, "MalformedQueryString", "%v", err)
		return
	}
	c.query, c.Operation = form, form.Get("Action")
}

// tableOf finds the table a DynamoDB request names, for the log: the only one,
// or the first of a batch or transaction.
func tableOf(body []byte) string {
	var in struct {
		TableName     string
		RequestItems  map[string]json.RawMessage
		TransactItems []map[string]struct{ TableName string }
	}
	if json.Unmarshal(body, &in) != nil {
		return "" // the operation itself will refuse the body
	}
	name := in.TableName
	for table := range in.RequestItems {
		name = table
	}
	if len(in.TransactItems) > 0 {
		for _, action := range in.TransactItems[0] {
			name = action.TableName
		}
	}
	return tableName(name)
}
