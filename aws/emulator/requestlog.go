package emulator

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Request is one request as seen on the wire, before dispatch.
type Request struct {
	Seq       int         // 1, 2, 3 ... in order of arrival
	Service   string      // "s3", "s3control", "dynamodb", "kms", "sts"
	Operation string      // AWS's own name: "PutObject", "DeleteItem"
	Bucket    string      // S3 only
	Key       string      // S3 only, decoded
	Table     string      // DynamoDB only: the first table the request names
	Query     url.Values  // S3 and STS: as sent, decoded
	Header    http.Header // as sent; checksum trailers are added to it
	Body      []byte      // decoded; nil when it is over 1 MiB
	Time      time.Time   // by the server's clock
	Mutates   bool        // the operation can change something
	Status    int         // in the log: the answer's status; 0 while unanswered, cut or hanging
}

// Bounds of the log: a server that a demo polls for days must not grow.
const (
	loggedRequests = 20000
	loggedBody     = 1 << 20
)

// requestLog keeps the newest requests.
type requestLog struct {
	mu      sync.Mutex
	seq     int
	entries []*Request
}

// add numbers and records the request, and returns the log's own entry.
func (l *requestLog) add(r *Request) *Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	r.Seq = l.seq
	kept := *r
	if len(kept.Body) > loggedBody {
		kept.Body = nil
	}
	if len(l.entries) >= loggedRequests {
		l.entries = append([]*Request(nil), l.entries[loggedRequests/2:]...)
	}
	l.entries = append(l.entries, &kept)
	return &kept
}

func (l *requestLog) answered(r *Request, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Status = status
}

// Requests returns a copy of the log: the newest 10,000 requests or more,
// oldest first. An entry's Status is set before its answer is sent.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	out := make([]Request, len(s.log.entries))
	for i, r := range s.log.entries {
		out[i] = *r
	}
	return out
}

// ResetLog empties the log and starts numbering again at 1.
func (s *Server) ResetLog() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.entries, s.log.seq = nil, 0
}

// mutates reports whether the named operation can change something: everything
// but reads and the cryptographic operations, which leave no trace in a service.
func mutates(operation string) bool {
	reads := []string{"Get", "List", "Head", "Describe", "Scan", "Query", "BatchGet", "TransactGet", "AssumeRole", "Encrypt", "Decrypt", "GenerateDataKey"}
	for _, p := range reads {
		if strings.HasPrefix(operation, p) {
			return false
		}
	}
	return true
}
