package model

import "strings"

// Where is on whose behalf and in which place something is changed. Two accounts
// may have buckets of one name at two endpoints: this tells them apart.
type Where struct {
	Account        string `json:"account,omitempty"`
	AccountUnknown string `json:"account_unknown,omitempty"` // why Account is not known
	Profile        string `json:"profile,omitempty"`         // "" is the default chain
	Role           string `json:"role,omitempty"`            // that is assumed; "" for none
	Region         string `json:"region,omitempty"`          // the bucket's
	Endpoint       string `json:"endpoint,omitempty"`        // "" is AWS's own
}

// String is all of it in a line, for people.
func (w Where) String() string {
	if w == (Where{}) {
		return ""
	}
	account := "account " + w.Account
	if w.Account == "" {
		account = "account unknown (" + orElse(w.AccountUnknown, "not asked") + ")"
	}
	parts := []string{account}
	if w.Profile != "" {
		parts = append(parts, "profile "+w.Profile)
	}
	if w.Role != "" {
		parts = append(parts, "role "+w.Role)
	}
	return strings.Join(append(parts, strings.TrimSpace(orElse(w.Endpoint, "AWS")+" "+w.Region)), ", ")
}

// Where is where a backend is, as far as options and configuration tell.
func (p Program) Where(b Backend) Where {
	return Where{AccountUnknown: "not asked", Profile: orElse(b.Access.Profile, p.Profile), Role: b.Access.RoleARN,
		Region: orElse(b.Region, p.Region), Endpoint: b.Access.Endpoint("s3", p.EndpointURL)}
}
