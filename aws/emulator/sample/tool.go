package sample

import "time"

// tool is what writes a state.
type tool int

const (
	terraform tool = iota
	openTofu
	encryptingTofu // OpenTofu with client-side encryption
	oldTerraform   // never upgraded
)

// When the fleet's people upgraded, as ages.
const (
	firstUpgrade  = 45 * day
	secondUpgrade = 20 * day
)

const day = 24 * time.Hour

// version is the tool's version at a time of that age.
func (t tool) version(age time.Duration) string {
	releases := [3]string{"1.9.8", "1.10.5", "1.11.4"}
	switch t {
	case openTofu, encryptingTofu:
		releases = [3]string{"1.8.8", "1.9.1", "1.10.6"}
	case oldTerraform:
		return "0.13.7"
	case terraform:
	}
	switch {
	case age > firstUpgrade:
		return releases[0]
	case age > secondUpgrade:
		return releases[1]
	}
	return releases[2]
}

// lockFiles reports whether the tool at that time could keep lock files, which
// both learned with their 1.10.
func (t tool) lockFiles(age time.Duration) bool {
	switch t {
	case terraform:
		return age <= firstUpgrade
	case openTofu, encryptingTofu:
		return age <= secondUpgrade
	default:
		return false
	}
}

// registry is where the tool's providers come from.
func (t tool) registry() string {
	if t == openTofu || t == encryptingTofu {
		return "registry.opentofu.org"
	}
	return "registry.terraform.io"
}

// layout is how the tool writes JSON: Terraform indents by two spaces, OpenTofu
// not at all.
func (t tool) layout() layout { return layout{indented: t == terraform || t == oldTerraform} }
