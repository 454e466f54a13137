package emulator

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// xmlWriter builds an answer. encoding/xml would replace control characters;
// S3 writes them as numeric references, which XML 1.0 readers then refuse.
// Clients that meet such keys must ask for encoding-type=url, so the emulator
// must not be kinder.
type xmlWriter struct{ b bytes.Buffer }

func newXML(root string) *xmlWriter {
	w := &xmlWriter{}
	w.b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<" + root + ` xmlns="` + s3Namespace + `">`)
	return w
}

func (w *xmlWriter) open(name string)  { w.b.WriteString("<" + name + ">") }
func (w *xmlWriter) close(name string) { w.b.WriteString("</" + name + ">") }

func (w *xmlWriter) leaf(name, value string) {
	w.open(name)
	escapeXML(&w.b, value)
	w.close(name)
}

// optional leaves an empty element out.
func (w *xmlWriter) optional(name, value string) {
	if value != "" {
		w.leaf(name, value)
	}
}

func (w *xmlWriter) number(name string, n int64) { w.leaf(name, strconv.FormatInt(n, 10)) }
func (w *xmlWriter) flag(name string, v bool)    { w.leaf(name, strconv.FormatBool(v)) }
func (w *xmlWriter) date(name string, t time.Time) {
	w.leaf(name, isoTime(t))
}

func (w *xmlWriter) owner(name, account string) {
	w.open(name)
	w.leaf("ID", canonicalUser(account))
	w.close(name)
}

// answer ends the document.
func (w *xmlWriter) answer(root string) *response {
	w.close(root)
	resp := newResponse(http.StatusOK).set("Content-Type", "application/xml")
	resp.body = w.b.Bytes()
	return resp
}

func escapeXML(b *bytes.Buffer, s string) {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r < 0x20:
			fmt.Fprintf(b, "&#x%x;", r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
}

// isoTime is a time in S3's XML: S3 keeps whole seconds and says .000.
func isoTime(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05.000Z")
}

// urlEncoded is a key under encoding-type=url: as in a form, but for slashes.
func urlEncoded(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }

// readXML decodes a request body.
func readXML(body []byte, into any) error {
	if err := xml.Unmarshal(body, into); err != nil {
		return fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	return nil
}

// canonicalUser is the account's owner id as S3 shows it.
func canonicalUser(account string) string {
	return fmt.Sprintf("%x", checksumSHA256.sum([]byte(account)))
}
