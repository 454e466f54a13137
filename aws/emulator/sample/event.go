package sample

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/stateward/stateward/aws/emulator"
)

// event is one request at a moment of the fleet's history.
type event struct {
	at     time.Time
	method string
	target string // path and query
	header http.Header
	body   []byte
}

func (e event) String() string { return e.method + " " + e.target + " " + e.header.Get("X-Amz-Target") }

// s3Event is a request on a bucket, or on its object when key is not "".
func s3Event(at time.Time, b backend, method, key, query string, body []byte) event {
	u := url.URL{Path: "/" + b.name, RawQuery: query}
	if key != "" {
		u.Path += "/" + key
	}
	return event{at: at, method: method, target: u.RequestURI(), header: emulator.Scope(b.region, "s3"), body: body}
}

// putEvent writes an object with the headers of the S3 backend; the emulator
// works the checksum out, as S3 does for clients that send none.
func putEvent(at time.Time, b backend, key, contentType string, body []byte) event {
	e := s3Event(at, b, http.MethodPut, key, "", body)
	e.header.Set("Content-Type", contentType)
	e.header.Set("X-Amz-Sdk-Checksum-Algorithm", "SHA256")
	return e
}

func deleteEvent(at time.Time, b backend, key string) event {
	return s3Event(at, b, http.MethodDelete, key, "", nil)
}

// Prefixes of X-Amz-Target.
const (
	targetDynamoDB = "DynamoDB_20120810."
	targetKMS      = "TrentService."
)

// jsonEvent is a request to one of the JSON services; operation is the whole
// X-Amz-Target.
func jsonEvent(at time.Time, region, operation string, in any) event {
	service, mediaType := "dynamodb", "application/x-amz-json-1.0"
	if operation[:len(targetKMS)] == targetKMS {
		service, mediaType = "kms", "application/x-amz-json-1.1"
	}
	header := emulator.Scope(region, service)
	header.Set("X-Amz-Target", operation)
	header.Set("Content-Type", mediaType)
	return event{at: at, method: http.MethodPost, target: "/", header: header, body: marshal(in)}
}

// marshal encodes what the package itself builds: strings, numbers, maps and
// plain structs, none of which can fail.
func marshal(v any) []byte {
	text, _ := json.Marshal(v) // see above
	return text
}

// fields is a JSON object of a request.
type fields map[string]any

// rowEvent puts a row with one string attribute into a lock table.
func rowEvent(at time.Time, b backend, id, attribute, value string) event {
	row := fields{"LockID": fields{"S": id}, attribute: fields{"S": value}}
	return jsonEvent(at, b.region, targetDynamoDB+"PutItem", fields{"TableName": b.table, "Item": row})
}

func (b backend) lockID(key string) string { return b.name + "/" + key }

func (b backend) digestID(key string) string { return b.lockID(key) + "-md5" }
