package model

import "testing"

func TestWhetherAVersionCanBeRestored(t *testing.T) {
	header := func(f Format) Fact[StateHeader] {
		return Known(StateHeader{Format: f, Problem: "at offset 3: not JSON"})
	}
	for name, c := range map[string]struct {
		v    Version
		want Fact[bool]
		why  string
	}{
		"read whole":               {Version{Facts: VersionFacts{Header: header(FormatV4), Resources: Known(3)}}, Known(true), ""},
		"encrypted by OpenTofu":    {Version{Facts: VersionFacts{Header: header(FormatEncrypted), Resources: Unknown[int]("encrypted")}}, Known(true), ""},
		"no state":                 {Version{Facts: VersionFacts{Header: header(FormatInvalid)}}, Known(false), "at offset 3: not JSON"},
		"empty":                    {Version{Facts: VersionFacts{Header: Known(StateHeader{Format: FormatEmpty})}}, Known(false), "it is no state"},
		"denied":                   {Version{Facts: UnknownVersion("AccessDenied s3:GetObjectVersion")}, Unknown[bool]("AccessDenied s3:GetObjectVersion"), ""},
		"only its header was read": {Version{Facts: VersionFacts{Header: header(FormatV4), Resources: Unknown[int]("too large")}}, Unknown[bool]("too large"), ""},
		"not read":                 {Version{}, Fact[bool]{}, ""},
		"a delete marker":          {Version{DeleteMarker: true, Facts: VersionFacts{Header: header(FormatV4)}}, Fact[bool]{}, ""},
		"what the listing told is left alone": {Version{Restorable: Known(false), WhyNot: "it is the current version", Facts: VersionFacts{Header: header(FormatV4), Resources: Known(3)}},
			Known(false), "it is the current version"},
	} {
		t.Run(name, func(t *testing.T) {
			c.v.Settle()
			if c.v.Restorable != c.want || c.v.WhyNot != c.why {
				t.Errorf("%v %q, want %v %q", c.v.Restorable, c.v.WhyNot, c.want, c.why)
			}
		})
	}
}
