package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/stateward/stateward/model"
)

// The part of SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format)
// that a report needs. What passed or does not apply is left out: readers of
// SARIF take every result for an alert.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool    sarifTool     `json:"tool"`
	Results []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID        string         `json:"id"`
	Short     sarifText      `json:"shortDescription"`
	Full      sarifText      `json:"fullDescription"`
	Help      sarifText      `json:"help"`
	Config    sarifConfig    `json:"defaultConfiguration"`
	Extension map[string]any `json:"properties"`
}

type sarifConfig struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Kind         string            `json:"kind"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Extension    map[string]any    `json:"properties"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifLogical struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

func newSARIF(all []diagnosis) sarifLog {
	driver := sarifDriver{Name: "stateward", Version: buildInfo().Version, InformationURI: "https://github.com/stateward/stateward", Rules: []sarifRule{}}
	at := map[string]int{}
	for i, c := range model.Checks() {
		at[c.ID] = i
		driver.Rules = append(driver.Rules, newSARIFRule(c))
	}
	results := []sarifResult{}
	for _, d := range all {
		for _, f := range append(d.of(model.FindingFail), d.of(model.FindingUnknown)...) {
			results = append(results, newSARIFResult(f, at[f.ID]))
		}
	}
	return sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{Tool: sarifTool{Driver: driver}, Results: results}}}
}

func newSARIFRule(c model.Check) sarifRule {
	help := c.Example().Summary
	if len(c.References) > 0 {
		help += " See " + strings.Join(c.References, ", ") + "."
	}
	return sarifRule{ID: c.ID, Short: sarifText{c.Title}, Full: sarifText{c.Why}, Help: sarifText{help}, Config: sarifConfig{sarifLevel(c.Severity)},
		Extension: map[string]any{"severity": c.Severity, "security-severity": securitySeverity(c.Severity), "tags": []string{"terraform", "state"}}}
}

// sarifLevel is the nearest of SARIF's three levels.
func sarifLevel(s model.Severity) string {
	switch s {
	case model.SeverityCritical, model.SeverityHigh:
		return "error"
	case model.SeverityMedium:
		return "warning"
	default:
		return "note"
	}
}

// securitySeverity is the score by which GitHub sorts alerts: over 9.0 is
// critical, over 7.0 high, over 4.0 medium.
func securitySeverity(s model.Severity) string {
	switch s {
	case model.SeverityCritical:
		return "9.5"
	case model.SeverityHigh:
		return "8.0"
	case model.SeverityMedium:
		return "5.5"
	case model.SeverityLow:
		return "2.0"
	default:
		return "0.0"
	}
}

// newSARIFResult: an unknown check is "open" (the evaluation could not be
// completed), which the standard wants at level none.
func newSARIFResult(f model.Finding, rule int) sarifResult {
	kind, level := "fail", sarifLevel(f.Severity)
	if f.Status == model.FindingUnknown {
		kind, level = "open", "none"
	}
	sum := sha256.Sum256([]byte(f.ID + "\x00" + f.Bucket + "\x00" + f.Prefix))
	return sarifResult{RuleID: f.ID, RuleIndex: rule, Kind: kind, Level: level,
		Message: sarifText{f.Backend + ": " + f.EvidenceText(10) + ". " + f.Remedy.Summary},
		Locations: []sarifLocation{{
			Physical: sarifPhysical{sarifArtifact{(&url.URL{Scheme: "s3", Host: f.Bucket, Path: "/" + f.Prefix}).String()}},
			Logical:  []sarifLogical{{Name: f.Backend, Kind: "resource"}},
		}},
		Fingerprints: map[string]string{"stateward/v1": hex.EncodeToString(sum[:])},
		Extension:    map[string]any{"severity": f.Severity, "evidence": list(f.Evidence), "cli": f.Remedy.CLI, "hcl": f.Remedy.HCL},
	}
}
