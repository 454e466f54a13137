package model

import "testing"

func TestATokenIsTypedExactly(t *testing.T) {
	p := &Plan{Tokens: []Token{{Value: "71d89b36-316e-9845"}, {Value: TokenLive}}}
	for name, c := range map[string]struct {
		typed   []string
		missing string
	}{
		"both":                     {[]string{"71d89b36-316e-9845", "LIVE"}, ""},
		"both, in another order":   {[]string{"LIVE", "71d89b36-316e-9845"}, ""},
		"more than that":           {[]string{"71d89b36-316e-9845", "DEAD", "LIVE"}, ""},
		"none":                     {nil, "71d89b36-316e-9845"},
		"the first alone":          {[]string{"71d89b36-316e-9845"}, "LIVE"},
		"the second alone":         {[]string{"LIVE"}, "71d89b36-316e-9845"},
		"the start of the first":   {[]string{"71d89b36", "LIVE"}, "71d89b36-316e-9845"},
		"more than the first":      {[]string{"71d89b36-316e-9845 ", "LIVE"}, "71d89b36-316e-9845"},
		"small letters":            {[]string{"71d89b36-316e-9845", "live"}, "LIVE"},
		"another word":             {[]string{"71d89b36-316e-9845", "LINEAGE"}, "LIVE"},
		"both as one":              {[]string{"71d89b36-316e-9845 LIVE"}, "71d89b36-316e-9845"},
		"nothing, which is a word": {[]string{""}, "71d89b36-316e-9845"},
	} {
		t.Run(name, func(t *testing.T) {
			token, missing := p.MissingToken(c.typed)
			if missing != (c.missing != "") || token.Value != c.missing {
				t.Errorf("missing %v: %q, want %q", missing, token.Value, c.missing)
			}
		})
	}
}
