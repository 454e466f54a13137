package model

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// toolVersion is the version of Terraform or OpenTofu, as far as it orders
// releases (https://semver.org, section 11): a pre-release comes before its
// release; two pre-releases of one release are not told apart.
type toolVersion struct {
	major, minor, patch int
	final               int // 1 for a release, 0 for a pre-release
}

// parseToolVersion reads "1.11.4" or "1.12.0-rc1"; anything else is no version.
func parseToolVersion(s string) (toolVersion, bool) {
	s, _, _ = strings.Cut(s, "+")
	s, pre, _ := strings.Cut(s, "-")
	var n [3]int
	for i := range n {
		part, rest, more := strings.Cut(s, ".")
		if more != (i < len(n)-1) {
			return toolVersion{}, false
		}
		var err error
		if n[i], err = strconv.Atoi(part); err != nil || n[i] < 0 {
			return toolVersion{}, false
		}
		s = rest
	}
	v := toolVersion{major: n[0], minor: n[1], patch: n[2]}
	if pre == "" {
		v.final = 1
	}
	return v, true
}

func (v toolVersion) compare(w toolVersion) int {
	return cmp.Or(cmp.Compare(v.major, w.major), cmp.Compare(v.minor, w.minor), cmp.Compare(v.patch, w.patch), cmp.Compare(v.final, w.final))
}

// release leaves out whether it is a pre-release: a lock may not say that of
// the tool that took it.
func (v toolVersion) release() toolVersion {
	v.final = 1
	return v
}

func (v toolVersion) String() string {
	s := fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.patch)
	if v.final == 0 {
		s += " (pre-release)"
	}
	return s
}

// tool is the version that a state says it was written by.
func (h StateHeader) tool() (toolVersion, bool) {
	if h.TerraformVersion == nil {
		return toolVersion{}, false
	}
	return parseToolVersion(*h.TerraformVersion)
}
