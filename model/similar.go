package model

import (
	"cmp"
	"slices"
	"strings"
)

// Bounds of what counts as similar.
const (
	mostSimilar    = 5
	furthestTypo   = 24 // keystrokes
	likenessOfTypo = 3  // a third of a key may be wrong
)

// SimilarKeys are the few states that a key which fits none may have meant: the
// same key but for what people paste around it, the same one in another
// workspace, then those that are a few keystrokes away.
func SimilarKeys(key string, known []string, rule WorkspaceRule) []string {
	type candidate struct {
		key  string
		away int
	}
	meant := plainKey(key)
	limit := min(furthestTypo, max(2, len(meant)/likenessOfTypo))
	var near []candidate
	seen := map[string]bool{}
	for _, k := range known {
		if seen[k] {
			continue
		}
		seen[k] = true
		if away := distanceOf(meant, k, rule, limit); away <= limit {
			near = append(near, candidate{k, away})
		}
	}
	slices.SortFunc(near, func(x, y candidate) int { return cmp.Or(cmp.Compare(x.away, y.away), strings.Compare(x.key, y.key)) })
	var out []string
	for _, c := range near[:min(mostSimilar, len(near))] {
		out = append(out, c.key)
	}
	return out
}

// plainKey is a key without what is often pasted with it.
func plainKey(key string) string {
	plain := strings.Trim(strings.TrimSpace(key), "/")
	for strings.Contains(plain, "//") {
		plain = strings.ReplaceAll(plain, "//", "/")
	}
	for _, suffix := range []string{lockSuffix, digestSuffix, ".backup"} {
		plain = strings.TrimSuffix(plain, suffix)
	}
	return strings.ToLower(plain)
}

// distanceOf is how far a known key is from the one that was meant; one more than
// the limit for all that are too far.
func distanceOf(meant, known string, rule WorkspaceRule, limit int) int {
	if plainKey(known) == meant {
		return 0
	}
	_, base, _ := Workspace(known, rule.KeyPrefix())
	_, meantBase, _ := Workspace(meant, strings.ToLower(rule.KeyPrefix()))
	if plainKey(base) == plainKey(meantBase) {
		return 1
	}
	return editDistance(meant, strings.ToLower(known), limit)
}

// editDistance counts the keystrokes between two words, as far as the limit.
func editDistance(a, b string, limit int) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(a)+1)
	for i := range row {
		row[i] = i
	}
	for j := 1; j <= len(b); j++ {
		if nextRow(row, a, b[j-1], j) > limit {
			return limit + 1
		}
	}
	return row[len(a)]
}

// nextRow goes on by one byte and returns the least distance of the row.
func nextRow(row []int, a string, c byte, j int) int {
	diagonal, least := row[0], j
	row[0] = j
	for i := 1; i <= len(a); i++ {
		change := diagonal
		if a[i-1] != c {
			change++
		}
		diagonal = row[i]
		row[i] = min(row[i]+1, row[i-1]+1, change)
		least = min(least, row[i])
	}
	return least
}

// SimilarVersions are the few versions whose id an id that fits none may have
// meant: cut short, or mistyped.
func SimilarVersions(id string, known []Version) []string {
	var out []string
	for _, v := range known {
		begins := id != "" && (strings.HasPrefix(v.VersionID, id) || strings.HasPrefix(id, v.VersionID))
		limit := max(2, len(id)/likenessOfTypo)
		if begins || editDistance(strings.ToLower(id), strings.ToLower(v.VersionID), limit) <= limit {
			out = append(out, v.VersionID)
		}
	}
	return out[:min(mostSimilar, len(out))]
}

// Bounds of what counts as similar of a lock ID.
const (
	leastOfID = 4  // as many characters begin one
	longID    = 16 // of so many, a few may be mistyped
	typosInID = 2
)

// MayBeMeant reports whether somebody who names a lock in these words may mean
// this one: by its ID, cut short or mistyped, or by the digits of its bytes.
func (l Lock) MayBeMeant(words string) bool {
	meant := strings.ToLower(strings.TrimSpace(words))
	for _, name := range []string{strings.ToLower(l.Token()), l.RawSHA256()} {
		switch {
		case name == meant || strings.Contains(meant, name):
			return true
		case len(meant) >= leastOfID && strings.HasPrefix(name, meant):
			return true
		case len(meant) >= longID && editDistance(meant, name, typosInID) <= typosInID:
			return true
		}
	}
	return false
}
