package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Names of the services, as they stand in Request.Service.
const (
	serviceS3        = "s3"
	serviceS3Control = "s3control"
	serviceDynamoDB  = "dynamodb"
	serviceKMS       = "kms"
	serviceSTS       = "sts"
)

// call is one request on its way through the server.
type call struct {
	Request
	method    string
	path      string // decoded
	query     url.Values
	body      []byte // decoded, whole
	bad       error  // what was wrong with the body's framing, answered instead of an effect
	region    string // of the credential scope
	accessKey string
	requestID string
	trusted   bool // came through Do: no deny list
}

func (c *call) header(name string) string { return c.Header.Get(name) }

// param returns a query parameter and whether it was there at all.
func (c *call) param(name string) (string, bool) {
	v, ok := c.query[name]
	if !ok || len(v) == 0 {
		return "", ok
	}
	return v[0], true
}

func (c *call) arg(name string) string { return c.query.Get(name) }

// response is an answer, complete before the first byte is sent so that no
// lock is held while a slow client reads it.
type response struct {
	status int
	header http.Header
	body   []byte
	length int64 // what HEAD announces in place of a body; -1 for none
}

func newResponse(status int) *response {
	return &response{status: status, header: http.Header{}, length: -1}
}

func (r *response) set(name, value string) *response {
	if value != "" {
		r.header.Set(name, value)
	}
	return r
}

// apiError is an error answer; each service writes it in its own format.
type apiError struct {
	status  int
	code    string
	message string
	header  http.Header    // added to the answer
	fields  [][2]string    // S3: further XML elements
	extra   map[string]any // DynamoDB, KMS: further JSON members
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func (e *apiError) with(name, value string) *apiError {
	if e.header == nil {
		e.header = http.Header{}
	}
	if value != "" {
		e.header.Set(name, value)
	}
	return e
}

func (e *apiError) field(name, value string) *apiError {
	e.fields = append(e.fields, [2]string{name, value})
	return e
}

// asAPIError returns err as the error to answer.
func asAPIError(err error) *apiError {
	var e *apiError
	if errors.As(err, &e) {
		return e
	}
	return fail(http.StatusInternalServerError, "InternalError", "%v", err)
}

// operation is one API operation of a service.
type operation struct {
	run     func(*call) (*response, error)
	actions func(*call) []permission // what IAM must allow before run; nil for "service:Operation"
}

// permission is one IAM action on one resource, both as AWS names them.
type permission struct{ action, resource string }

// service is a set of operations and its wire format of errors.
type service struct {
	operations map[string]operation
	refuse     func(*call, *apiError) *response
	resource   func(*call) string // ARN for the default permission
}

// handle runs the call and always returns an answer.
func (s *Server) handle(c *call) *response {
	svc := s.services[c.Service]
	resp, err := s.dispatch(svc, c)
	if err != nil {
		resp = svc.refuse(c, asAPIError(err))
	}
	return s.stamp(c, resp)
}

func (s *Server) dispatch(svc *service, c *call) (*response, error) {
	op, ok := svc.operations[c.Operation]
	if !ok {
		return nil, fail(http.StatusNotImplemented, "NotImplemented", "the emulator does not implement %s:%s", c.Service, c.Operation)
	}
	if c.bad != nil {
		return nil, c.bad
	}
	if err := s.authorize(svc, op, c); err != nil {
		return nil, err
	}
	return op.run(c)
}

// stamp adds the headers that AWS puts on every answer.
func (s *Server) stamp(c *call, resp *response) *response {
	resp.header.Set("Date", c.Time.Format(http.TimeFormat))
	resp.header.Set("X-Amz-Request-Id", c.requestID)
	resp.header.Set("X-Amzn-Requestid", c.requestID)
	if c.Service == serviceS3 {
		resp.header.Set("Server", "AmazonS3")
		resp.header.Set("X-Amz-Id-2", "emulator/"+c.requestID)
	}
	return resp
}

// epoch is a time in AWS's JSON protocols: seconds with milliseconds.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// scope reads the access key and the region from a SigV4 Authorization header.
func scope(header http.Header, region string) (accessKey, scopeRegion string) {
	_, cred, ok := strings.Cut(header.Get("Authorization"), "Credential=")
	if !ok {
		return "", region
	}
	cred, _, _ = strings.Cut(cred, ",")
	parts := strings.Split(cred, "/")
	if len(parts) < 5 {
		return parts[0], region
	}
	return parts[0], parts[len(parts)-3]
}

func itoa(n int) string { return strconv.Itoa(n) }
