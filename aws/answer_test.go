package aws_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// between is the address of something that stands before a server and answers
// some requests itself; nil lets a request through.
func between(t *testing.T, server string, answers func(*http.Request) http.HandlerFunc) string {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(to)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if own := answers(r); own != nil {
			own(w, r)
			return
		}
		r.Host = to.Host
		pass.ServeHTTP(w, r)
	})
}

// says answers with a status, a body and headers: name, value, name, value.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the client may be gone, or HEAD
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // into memory
	_ = w.Close()                // as above
	return b.String()
}

const (
	signIn     = "<!DOCTYPE html>\n<html><body>Sign in to the network</body></html>"
	anError    = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code><Message>We encountered an internal error.</Message><RequestId>R</RequestId></Error>`
	aListing   = `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>`
	isXML      = "application/xml"
	isPage     = "text/html; charset=utf-8"
	contentTyp = "Content-Type"
)

// strangers are answers that no service gives to a read.
func strangers() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"the page of a captive portal":                     says(200, signIn, contentTyp, isPage),
		"such a page from a file server, with an ETag":     says(200, signIn, contentTyp, isPage, "ETag", `"5f3a-61"`, "Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT"),
		"such a page that says it is JSON":                 says(200, signIn, contentTyp, "application/json"),
		"such a page in XHTML":                             says(200, `<?xml version="1.0" encoding="iso-8859-1"?><html xmlns="http://www.w3.org/1999/xhtml"/>`, contentTyp, "application/xhtml+xml"),
		"such a page, compressed":                          says(200, gzipped(signIn), contentTyp, isPage, "Content-Encoding", "gzip"),
		"a page after a byte order mark":                   says(200, "\ufeff"+signIn, contentTyp, isPage),
		"a part of a page":                                 says(200, "<div>Sign in</div>", contentTyp, isPage),
		"JSON of somebody else":                            says(200, `{"error":"login required"}`, contentTyp, "application/json"),
		"JSON of somebody else that passes for DynamoDB's": says(200, `{"error":"login required"}`, contentTyp, "application/x-amz-json-1.0"),
		"an empty JSON object":                             says(200, `{}`, contentTyp, "application/json"),
		"an XML document of somebody else":                 says(200, `<?xml version="1.0"?><soap:Envelope xmlns:soap="s"><soap:Body/></soap:Envelope>`, contentTyp, "text/xml"),
		"204 and nothing":                                  says(204, ""),
		"200 and nothing":                                  says(200, ""),
		"an error under a good status":                     says(200, anError, contentTyp, isXML),
		"an error under a good status, with all headers":   says(200, anError, contentTyp, isXML, "ETag", `"00000000000000000000000000000000"`, "X-Amz-Request-Id", "R"),
		"a redirection to a login page":                    says(302, `<a href="https://login.example/">Found</a>`, contentTyp, isPage, "Location", "https://login.example/"),
		"a redirection without a body":                     says(302, "", "Location", "https://login.example/"),
		"a firewall's 403":                                 says(403, "<html><head><title>403 Forbidden</title></head></html>", contentTyp, "text/html"),
		"a firewall's 403 before a distribution":           says(403, "<html><body>Request blocked.</body></html>", contentTyp, "text/html", "X-Amz-Cf-Id", "abc", "Server", "CloudFront"),
		"a mesh's 403 in words":                            says(403, "RBAC: access denied", contentTyp, "text/plain"),
		"a gateway's 403 in JSON":                          says(403, `{"message":"You cannot consume this service"}`, contentTyp, "application/json"),
		"an empty 403":                                     says(403, ""),
		"a proxy that wants a password":                    says(407, "", "Proxy-Authenticate", "Basic"),
		"a network that wants a password":                  says(511, signIn, contentTyp, isPage),
		"a 404 page":                                       says(404, "<html><body>Not Found</body></html>", contentTyp, "text/html"),
		"a 405 page":                                       says(405, "<html><body>Not Allowed</body></html>", contentTyp, "text/html"),
		"a 412 page":                                       says(412, "<html><body>Precondition Failed</body></html>", contentTyp, "text/html"),
		"a load balancer without a server":                 says(503, "<html><body>503 Service Temporarily Unavailable</body></html>", contentTyp, "text/html"),
		"a mesh without a server":                          says(503, "upstream connect error or disconnect/reset before headers", contentTyp, "text/plain"),
	}
}

func TestAStrangersAnswerIsNeitherAnEmptyListNorADenial(t *testing.T) {
	for name, answer := range strangers() {
		t.Run(name, func(t *testing.T) {
			c := (&site{t: t, url: serve(t, answer)}).client(func(o *aws.Options) { o.Discover = true })
			said := told(t, c)
			for _, what := range []string{"backends", "states", "search", "keys", "history", "locks"} {
				if said[what] == "" {
					t.Errorf("%s: passes for an empty answer", what)
				}
				for _, wrong := range []string{"Grant ", "AccessDenied", "access denied", "throttled", "ther region", "Somebody else", "not found"} {
					if strings.Contains(said[what], wrong) {
						t.Errorf("%s says %q: %s", what, wrong, said[what])
					}
				}
			}
			if denied := c.Denied(); len(denied) > 0 {
				t.Errorf("counted as denied: %+v", denied)
			}
		})
	}
}

// A stranger may also stand before the objects alone: what reads one must not
// take the page for its content, nor its 404 for an absence.
func TestAStrangersAnswerIsNoStateAndNoAbsence(t *testing.T) {
	all := strangers()
	all["an empty 404"] = says(404, "") // to HEAD it is an answer
	for name, answer := range all {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismLockfile)
			l.write(1, "one")
			l.fileLock(lockRaw(staleID, "ci@runner-17"))
			l.url = between(t, l.server.URL(), func(r *http.Request) http.HandlerFunc {
				if strings.HasPrefix(r.URL.Path, "/"+labBucket+"/") && len(r.URL.Query().Get("x-id")) > 0 || r.Method == http.MethodHead && strings.Contains(r.URL.Path, labKey) {
					return answer
				}
				return nil
			})
			c := l.client()
			if report := c.LocksOf(t.Context(), l.backend(), labKey); len(report.Problems) == 0 {
				t.Errorf("locks %+v", report.Locks)
			}
			facts := c.StateFacts(t.Context(), l.backend(), model.State{Bucket: labBucket, Key: labKey})
			if !facts.Header.IsUnknown() {
				t.Errorf("header %+v", facts.Header)
			}
			if _, err := c.StateBody(t.Context(), l.backend(), labKey, "", nil); err == nil || errors.Is(err, model.ErrNotFound) || errors.Is(err, model.ErrDenied) {
				t.Errorf("body: %v", err)
			}
			if p := l.planUnlock(c, staleID); p.Gone || len(p.Refusals) == 0 {
				t.Errorf("plan %+v", p)
			}
		})
	}
}

// DynamoDB knows no 404: what says so in its place hides no table.
func TestAStrangersNotFoundHidesNoLockTable(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"an empty 404":                   says(404, ""),
		"an empty 404 that says it is":   says(404, "", contentTyp, "application/json"),
		"a store's 404, in XML":          says(404, `<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>`, contentTyp, isXML),
		"such a one with its request id": says(404, `<Error><Code>NoSuchKey</Code></Error>`, contentTyp, isXML, "X-Amz-Request-Id", "R"),
		"an empty 400":                   says(400, ""),
	} {
		t.Run(name, func(t *testing.T) {
			l := newSpecial(t, emulator.Options{}, model.MechanismDynamoDB)
			l.write(1, "one")
			l.url = between(t, l.server.URL(), func(r *http.Request) http.HandlerFunc {
				if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeTable") {
					return answer
				}
				return nil
			})
			c := l.client(func(o *aws.Options) { o.LockTables, o.Discover = nil, true })
			b := l.backend()
			b.Tables, b.Declared = nil, nil
			if report := c.LocksOf(t.Context(), b, labKey); len(report.Problems) == 0 {
				t.Errorf("no problem, locks %+v", report.Locks)
			}
		})
	}
}

func TestAStoreThatOverlooksASubresourceLacksIt(t *testing.T) {
	s, b := healthy(t)
	for name, answer := range map[string]http.HandlerFunc{
		"and lists the bucket":   says(200, aListing, contentTyp, isXML),
		"and lists its versions": says(200, `<ListVersionsResult><Name>b</Name></ListVersionsResult>`, contentTyp, isXML, "X-Amz-Request-Id", "R"),
	} {
		t.Run(name, func(t *testing.T) {
			url := between(t, s.url, func(r *http.Request) http.HandlerFunc {
				q := r.URL.Query()
				if r.Method == http.MethodGet && strings.Count(r.URL.Path, "/") < 3 && len(q) > 0 && !q.Has("list-type") && !q.Has("versions") {
					return answer
				}
				return nil
			})
			got := reasons((&site{t: t, url: url}).client().Health(t.Context(), b))
			for _, fact := range []string{"versioning", "access block", "policy", "policy status", "ACL", "ownership", "encryption", "logging", "lifecycle", "uploads", "Object Lock", "replication"} {
				if got[fact] != "not supported by this endpoint" {
					t.Errorf("%s: %q", fact, got[fact])
				}
			}
			if got["states"] != "" {
				t.Errorf("states: %s", got["states"])
			}
		})
	}
}

func TestAListingIsNoHistory(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "Enabled")
	s.put(b.Bucket, "k.tfstate", stateV4)
	url := between(t, s.url, func(r *http.Request) http.HandlerFunc {
		if r.URL.Query().Has("versions") {
			return says(200, aListing, contentTyp, isXML)
		}
		return nil
	})
	for _, err := range (&site{t: t, url: url}).client().Versions(t.Context(), b, "k.tfstate") {
		if !errors.Is(err, model.ErrUnsupported) {
			t.Errorf("error %v", err)
		}
	}
}

// What real services and stores send is believed, whatever their manners.
func TestTheMannersOfStoresAreNoStrangers(t *testing.T) {
	object := []string{"ETag", `"b1946ac92492d2347c6235b4d2611184"`, contentTyp, "application/json"}
	for name, c := range map[string]struct {
		query  string
		answer http.HandlerFunc
	}{
		"versions under another name":                     {"versions", says(200, `<ListBucketVersionsResult><IsTruncated>false</IsTruncated></ListBucketVersionsResult>`, contentTyp, isXML)},
		"a namespace prefix":                              {"versions", says(200, `<?xml version="1.0"?><s3:ListVersionsResult xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/"/>`, contentTyp, isXML)},
		"a list after a comment":                          {"list-type", says(200, "<!-- store -->\n"+aListing, contentTyp, "text/xml")},
		"a list without a content type":                   {"list-type", says(200, aListing)},
		"an object without a request id":                  {"x-id", says(200, "hello\n", object...)},
		"an object that is a web page, with a request id": {"x-id", says(200, signIn, append(object, "X-Amz-Request-Id", "R")...)},
		"an object that is an error document":             {"x-id", says(200, anError, "ETag", `"`+model.DigestOf([]byte(anError))+`"`, contentTyp, isXML)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSiteOf(t)
			b := s.bucket("acme-tfstate", "Enabled")
			s.put(b.Bucket, "k.tfstate", stateV4)
			asked := false
			url := between(t, s.url, func(r *http.Request) http.HandlerFunc {
				if r.URL.Query().Has(c.query) {
					asked = true
					return c.answer
				}
				return nil
			})
			client := (&site{t: t, url: url}).client()
			for _, err := range client.Versions(t.Context(), b, "k.tfstate") {
				s.must(err)
			}
			for _, err := range client.States(t.Context(), b, model.StateQuery{}) {
				s.must(err)
			}
			_, err := client.StateBody(t.Context(), b, "k.tfstate", "", nil)
			if errors.Is(err, model.ErrStranger) || !asked {
				t.Errorf("asked %v: %v", asked, err)
			}
		})
	}
}
