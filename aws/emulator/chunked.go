package emulator

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// decodeBody removes the aws-chunked framing the SDKs use for streams
// (STREAMING-UNSIGNED-PAYLOAD-TRAILER and the signed forms; signatures are not
// checked) and adds the trailers to the header, where the operations look for
// checksums. Bodies without the framing come back as they are.
//
// Framing, from the S3 documentation on trailing checksums:
//
//	hex-size[;chunk-signature=...] CRLF data CRLF ... 0 CRLF [name:value CRLF]... CRLF
func decodeBody(header http.Header, body []byte) ([]byte, error) {
	if !strings.HasPrefix(header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return body, nil
	}
	out, rest, err := joinChunks(body, decodedLength(header))
	if err != nil {
		return nil, err
	}
	readTrailers(header, rest)
	stripAWSChunked(header)
	if want := header.Get("X-Amz-Decoded-Content-Length"); want != "" && want != itoa(len(out)) {
		return nil, fail(http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the x-amz-decoded-content-length header.")
	}
	return out, nil
}

// decodedLength is how much to allocate: never more than what was sent.
func decodedLength(header http.Header) int {
	n, err := strconv.Atoi(header.Get("X-Amz-Decoded-Content-Length"))
	if err != nil || n < 0 || n > 64<<20 {
		return 0
	}
	return n
}

func joinChunks(body []byte, size int) (out, trailers []byte, err error) {
	malformed := fail(http.StatusBadRequest, "InvalidRequest", "The aws-chunked body is malformed.")
	out = make([]byte, 0, size)
	for {
		line, rest, ok := bytes.Cut(body, []byte("\r\n"))
		if !ok {
			return nil, nil, malformed
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(digits), 16, 31)
		if err != nil || int(n) > len(rest) {
			return nil, nil, malformed
		}
		if n == 0 {
			return out, rest, nil
		}
		out = append(out, rest[:n]...)
		body, ok = bytes.CutPrefix(rest[n:], []byte("\r\n"))
		if !ok {
			return nil, nil, malformed
		}
	}
}

func readTrailers(header http.Header, trailers []byte) {
	for line := range bytes.SplitSeq(trailers, []byte("\n")) {
		name, value, ok := strings.Cut(strings.TrimSpace(string(line)), ":")
		if ok && strings.HasPrefix(strings.ToLower(name), "x-amz-checksum-") {
			header.Set(name, strings.TrimSpace(value))
		}
	}
}

// stripAWSChunked leaves the Content-Encoding that S3 stores: the framing is
// not part of it.
func stripAWSChunked(header http.Header) {
	var kept []string
	for e := range strings.SplitSeq(header.Get("Content-Encoding"), ",") {
		if e = strings.TrimSpace(e); e != "" && e != "aws-chunked" {
			kept = append(kept, e)
		}
	}
	header.Del("Content-Encoding")
	if len(kept) > 0 {
		header.Set("Content-Encoding", strings.Join(kept, ","))
	}
}
