package checker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// notRestored says why a body is not the target's under a new serial, or "".
func notRestored(body, target string, history []Version) string {
	from, end, err := serialDigits(target)
	if err != nil {
		return "the target: " + err.Error()
	}
	nowFrom, nowEnd, err := serialDigits(body)
	if err != nil {
		return err.Error()
	}
	if nowFrom != from || body[:nowFrom] != target[:from] || body[nowEnd:] != target[end:] {
		return fmt.Sprintf("more than the serial differs\n  was %q\n  is  %q", target, body)
	}
	serial, err := strconv.ParseUint(body[nowFrom:nowEnd], 10, 64)
	if err != nil {
		return err.Error()
	}
	for _, v := range history {
		if before, ok := serialOf(v.Body); ok && before >= serial {
			return fmt.Sprintf("its serial %d is not above %d of version %s", serial, before, v.ID)
		}
	}
	return ""
}

// serialOf is the serial of a version that can be read.
func serialOf(body string) (uint64, bool) {
	from, end, err := serialDigits(body)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(body[from:end], 10, 64)
	return n, err == nil
}

// serialDigits finds the value of the top-level "serial" in a JSON document.
func serialDigits(doc string) (from, end int, err error) {
	d := json.NewDecoder(strings.NewReader(doc))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return 0, 0, errors.New("the state is no JSON object")
	}
	found := 0
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return 0, 0, fmt.Errorf("the state is no JSON: %w", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return 0, 0, fmt.Errorf("the state is no JSON: %w", err)
		}
		if name == "serial" {
			found++
			end = int(d.InputOffset())
			from = end - len(value)
		}
	}
	if _, err := d.Token(); err != nil {
		return 0, 0, fmt.Errorf("the state is no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return 0, 0, errors.New("something follows the state")
	}
	if found != 1 {
		return 0, 0, fmt.Errorf("the state has %d serials", found)
	}
	return from, end, nil
}
