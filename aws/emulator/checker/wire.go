package checker

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// answer is what came back to one request.
type answer struct {
	header http.Header
	body   []byte
}

// do sends one request and demands a 200.
func (s Store) do(ctx context.Context, method, target, service, call, body string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.base()+target, strings.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("checker: %w", err)
	}
	// Nobody checks the signature, but servers tell services and regions apart by its scope.
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20060102/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	if call != "" {
		req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+call)
		req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	}
	resp, err := s.Transport.RoundTrip(req)
	if err != nil {
		return answer{}, fmt.Errorf("checker: %s %s: %w", method, target, err)
	}
	defer resp.Body.Close() //nolint:errcheck // what matters was read, or the read failed
	got, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, got)
	}
	if err != nil {
		return answer{}, fmt.Errorf("checker: %s %s: %w", method, target, err)
	}
	return answer{resp.Header, got}, nil
}

func (s Store) base() string {
	if s.URL == "" {
		return "http://in-process"
	}
	return s.URL
}

// parseListing reads a ListVersionsResult in the order of the document.
func parseListing(doc []byte) (entries []entry, truncated bool, err error) {
	var list struct {
		IsTruncated bool
		Children    []struct {
			XMLName   xml.Name
			Key       string
			VersionID string `xml:"VersionId"`
			ETag      string
		} `xml:",any"`
	}
	if err := xml.Unmarshal(doc, &list); err != nil {
		return nil, false, fmt.Errorf("checker: the list of versions: %w", err)
	}
	for _, c := range list.Children {
		if c.XMLName.Local == "Version" || c.XMLName.Local == "DeleteMarker" {
			entries = append(entries, entry{Key: c.Key, VersionID: c.VersionID, ETag: c.ETag, Marker: c.XMLName.Local == "DeleteMarker"})
		}
	}
	return entries, list.IsTruncated, nil
}

// rows are all items of a table, by LockID.
func (s Store) rows(ctx context.Context, table string) (map[string]string, error) {
	a, err := s.do(ctx, http.MethodPost, "/", "dynamodb", "Scan", fmt.Sprintf(`{"TableName":%q,"ConsistentRead":true}`, table))
	if err != nil {
		return nil, err
	}
	var scan struct {
		Items            []map[string]any
		LastEvaluatedKey map[string]any
	}
	if err := json.Unmarshal(a.body, &scan); err != nil {
		return nil, fmt.Errorf("checker: the rows of %s: %w", table, err)
	}
	if len(scan.LastEvaluatedKey) > 0 {
		return nil, errors.New("checker: the table has more rows than one page")
	}
	rows := map[string]string{}
	for _, item := range scan.Items {
		id, row, err := rowOf(item)
		if err != nil {
			return nil, err
		}
		rows[id] = row
	}
	return rows, nil
}

// rowOf writes an item in one way only, so that equal items are equal strings.
func rowOf(item map[string]any) (id, row string, err error) {
	key, _ := item["LockID"].(map[string]any)
	id, _ = key["S"].(string)
	doc, err := json.Marshal(item)
	if err != nil {
		return "", "", fmt.Errorf("checker: writing a row: %w", err)
	}
	return id, string(doc), nil
}

// Direct is a transport into a handler of this process: no network, no log of
// connections, and fast enough to look twice for each of thousands of faults.
func Direct(h http.Handler) http.RoundTripper { return direct{h} }

type direct struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.Host = r.URL.Host
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	d.handler.ServeHTTP(w, in)
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), Request: r}, nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }
