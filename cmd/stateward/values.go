package main

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
)

// versionLimit is how many versions of a state are read; negative is all.
type versionLimit int

const allVersions versionLimit = -1

// covers reports whether the version at this place, newest first from 0, is read.
func (n versionLimit) covers(i int) bool { return n == allVersions || i < int(n) }

func (n versionLimit) String() string {
	if n == allVersions {
		return "all"
	}
	return strconv.Itoa(int(n))
}

// The parsers of what flags and the config file both say. Their errors are the
// end of a sentence: "--versions: "abc" is neither a whole number nor all".

func parseVersions(s string) (versionLimit, error) {
	if s == "all" {
		return allVersions, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is neither a whole number of versions nor all", s)
	}
	return versionLimit(n), nil
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration such as 30s, 15m or 2h", s)
	}
	return d, nil
}

// parseInterval is a duration of some length.
func parseInterval(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d == 0 {
		err = fmt.Errorf("%q is no time at all", s)
	}
	return d, err
}

func parseOutput(s string) (string, error) { return oneOf(s, outputTable, outputJSON) }

func parseTheme(s string) (string, error) { return oneOf(s, "auto", "dark", "light") }

func oneOf(s string, words ...string) (string, error) {
	if !slices.Contains(words, s) {
		return "", fmt.Errorf("%q is none of %s", s, strings.Join(words, ", "))
	}
	return s, nil
}

func parseMechanism(s string) (model.Mechanism, error) {
	word, err := oneOf(s, string(model.MechanismDynamoDB), string(model.MechanismLockfile))
	return model.Mechanism(word), err
}

func parseMechanisms(words []string) ([]model.Mechanism, error) {
	var all []model.Mechanism
	for _, w := range words {
		m, err := parseMechanism(w)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all, nil
}

const maxConcurrency = 256

func parseConcurrency(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", s)
	}
	return checkConcurrency(n)
}

func checkConcurrency(n int) (int, error) {
	if n < 1 || n > maxConcurrency {
		return 0, fmt.Errorf("%d is not between 1 and %d", n, maxConcurrency)
	}
	return n, nil
}

// parseEndpoint takes http://host[:port][/path]. Credentials in a URL would be
// printed with it.
func parseEndpoint(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", fmt.Errorf("%q is not a URL such as https://minio.example:9000", s)
	}
	if u.User != nil {
		return "", fmt.Errorf("a URL with credentials in it is not taken")
	}
	return s, nil
}

// endpointServices are the services that a backend may have endpoints for.
func endpointServices() []string { return []string{"s3", "dynamodb", "kms", "sts"} }

func parseEndpoints(m map[string]string) (map[string]string, error) {
	for service, at := range m {
		if _, err := oneOf(service, endpointServices()...); err != nil {
			return nil, err
		}
		if _, err := parseEndpoint(at); err != nil {
			return nil, fmt.Errorf("%s: %w", service, err)
		}
	}
	return m, nil
}

// The conversions from a literal value of the config file. Nothing is
// converted silently: "1" is no number and 1 no string.

func asString(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", wrongType("a string", v)
	}
	return s, nil
}

func asBool(v any) (bool, error) {
	b, ok := v.(bool)
	if !ok {
		return false, wrongType("true or false", v)
	}
	return b, nil
}

func asWhole(v any) (int, error) {
	n, ok := v.(int64)
	if !ok || int64(int(n)) != n {
		return 0, wrongType("a whole number", v)
	}
	return int(n), nil
}

func asStrings(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, wrongType("a list of strings", v)
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, wrongType("a list of strings", v)
		}
		out = append(out, s)
	}
	return out, nil
}

func asStringMap(v any) (map[string]string, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, wrongType("a map of strings", v)
	}
	out := make(map[string]string, len(object))
	for name, item := range object {
		s, ok := item.(string)
		if !ok {
			return nil, wrongType("a map of strings", v)
		}
		out[name] = s
	}
	return out, nil
}

// asVersions takes 100 and "all".
func asVersions(v any) (versionLimit, error) {
	switch v := v.(type) {
	case int64:
		return parseVersions(strconv.FormatInt(v, 10))
	case string:
		return parseVersions(v)
	}
	return 0, wrongType(`a whole number or "all"`, v)
}

func wrongType(want string, got any) error {
	return fmt.Errorf("needs %s, not %s", want, kindOf(got))
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case int64, float64:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	}
	return "null"
}

// then parses what was converted.
func then[A, B any](convert func(any) (A, error), parse func(A) (B, error)) func(any) (B, error) {
	return func(v any) (B, error) {
		a, err := convert(v)
		if err != nil {
			var none B
			return none, err
		}
		return parse(a)
	}
}
