package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// stsStore remembers who the temporary credentials it gave out stand for.
type stsStore struct {
	mu       sync.Mutex
	opts     Options
	ids      *idSource
	sessions map[string]identity
}

// identity is what GetCallerIdentity tells.
type identity struct{ userID, account, arn string }

func newSTSService(o Options, ids *idSource) *service {
	s := &stsStore{opts: o, ids: ids, sessions: map[string]identity{}}
	return &service{
		operations: map[string]operation{
			"GetCallerIdentity": {run: s.callerIdentity},
			"AssumeRole":        {run: s.assumeRole},
			"GetSessionToken":   {run: s.sessionToken},
		},
		refuse:   refuseSTS,
		resource: func(c *call) string { return firstOf(c.arg("RoleArn"), "*") },
	}
}

func refuseSTS(c *call, e *apiError) *response {
	w := &xmlWriter{}
	w.b.WriteString(`<ErrorResponse xmlns="` + stsNamespace + `"><Error>`)
	w.leaf("Type", choose(e.status < 500, "Sender", "Receiver"))
	w.leaf("Code", e.code)
	w.leaf("Message", e.message)
	w.close("Error")
	w.leaf("RequestId", c.requestID)
	w.close("ErrorResponse")
	resp := newResponse(e.status).set("Content-Type", "text/xml")
	resp.body = w.b.Bytes()
	return resp
}

// stsAnswer wraps what write adds in the query protocol's two elements.
func stsAnswer(c *call, write func(*xmlWriter)) *response {
	w := &xmlWriter{}
	w.b.WriteString("<" + c.Operation + `Response xmlns="` + stsNamespace + `">`)
	w.open(c.Operation + "Result")
	write(w)
	w.close(c.Operation + "Result")
	w.open("ResponseMetadata")
	w.leaf("RequestId", c.requestID)
	w.close("ResponseMetadata")
	w.close(c.Operation + "Response")
	resp := newResponse(http.StatusOK).set("Content-Type", "text/xml")
	resp.body = w.b.Bytes()
	return resp
}

// caller is whom the request's access key belongs to: the assumed role whose
// credentials it is, else the one user everybody is.
func (s *stsStore) caller(c *call) identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	if who, ok := s.sessions[c.accessKey]; ok {
		return who
	}
	return identity{"AIDADEMO", s.opts.Account, userARN(s.opts)}
}

func (s *stsStore) callerIdentity(c *call) (*response, error) {
	who := s.caller(c)
	return stsAnswer(c, func(w *xmlWriter) {
		w.leaf("Arn", who.arn)
		w.leaf("UserId", who.userID)
		w.leaf("Account", who.account)
	}), nil
}

// assumeRole gives any caller any role.
func (s *stsStore) assumeRole(c *call) (*response, error) {
	arn, session := c.arg("RoleArn"), c.arg("RoleSessionName")
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || !strings.HasPrefix(parts[5], "role/") {
		return nil, fail(http.StatusBadRequest, "ValidationError", "%s is invalid", arn)
	}
	if len(session) < 2 {
		return nil, fail(http.StatusBadRequest, "ValidationError", "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2")
	}
	seconds, err := duration(c, 3600)
	if err != nil {
		return nil, err
	}
	role := parts[5][strings.LastIndex(parts[5], "/")+1:]
	who := identity{"AROADEMO:" + session, parts[4], fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", parts[4], role, session)}
	key := s.remember(who)
	return stsAnswer(c, func(w *xmlWriter) {
		writeCredentials(w, key, c.Time.Add(seconds))
		w.open("AssumedRoleUser")
		w.leaf("AssumedRoleId", who.userID)
		w.leaf("Arn", who.arn)
		w.close("AssumedRoleUser")
	}), nil
}

func (s *stsStore) sessionToken(c *call) (*response, error) {
	seconds, err := duration(c, 43200)
	if err != nil {
		return nil, err
	}
	key := s.remember(s.caller(c))
	return stsAnswer(c, func(w *xmlWriter) { writeCredentials(w, key, c.Time.Add(seconds)) }), nil
}

func duration(c *call, standard int) (time.Duration, error) {
	v := c.arg("DurationSeconds")
	if v == "" {
		return time.Duration(standard) * time.Second, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 900 {
		return 0, fail(http.StatusBadRequest, "ValidationError", "1 validation error detected: Value '%s' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900", v)
	}
	return time.Duration(n) * time.Second, nil
}

func (s *stsStore) remember(who identity) string {
	key := "demo-" + s.ids.requestID()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[key] = who
	return key
}

// writeCredentials gives out credentials that nothing checks.
func writeCredentials(w *xmlWriter, key string, expires time.Time) {
	w.open("Credentials")
	w.leaf("AccessKeyId", key)
	w.leaf("SecretAccessKey", "demo")
	w.leaf("SessionToken", "demo")
	w.leaf("Expiration", expires.UTC().Format(time.RFC3339))
	w.close("Credentials")
}
