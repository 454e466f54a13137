package main

import (
	"time"

	"github.com/stateward/stateward/model"
)

type keyDoc struct {
	KeyID        string            `json:"key_id"`
	ARN          *string           `json:"arn"`
	Account      *string           `json:"account"`
	Region       *string           `json:"region"`
	Aliases      []string          `json:"aliases"`
	Manager      *model.KeyManager `json:"manager"`
	Origin       *string           `json:"origin"`
	Spec         *string           `json:"spec"`
	Usage        *string           `json:"usage"`
	MultiRegion  *bool             `json:"multi_region"`
	Primary      *string           `json:"primary"`
	State        *model.KeyState   `json:"state"`
	DeletionDate *time.Time        `json:"deletion_date"`
	ValidTo      *time.Time        `json:"valid_to"`
	Rotation     rotationDoc       `json:"rotation"`
	UsedBy       keyUseDoc         `json:"used_by"`
	Findings     []keyFindingDoc   `json:"findings"`
	Unknown      reasons           `json:"unknown,omitempty"`
}

type rotationDoc struct {
	NotApplicable *string           `json:"not_applicable"`
	Enabled       *bool             `json:"enabled"`
	PeriodDays    *int              `json:"period_days"`
	Last          *time.Time        `json:"last"`
	Next          *time.Time        `json:"next"`
	History       []rotationDoneDoc `json:"history"`
	Unknown       reasons           `json:"unknown,omitempty"`
}

type rotationDoneDoc struct {
	Date *time.Time `json:"date"`
	Type string     `json:"type"`
}

type keyUseDoc struct {
	Buckets            []string      `json:"buckets"`
	VersionsCurrent    int           `json:"versions_current"`
	VersionsNoncurrent int           `json:"versions_noncurrent"`
	Tables             []string      `json:"tables"`
	AtLeast            bool          `json:"at_least"`
	Unread             []string      `json:"unread"`
	States             []stateUseDoc `json:"states"`
	BlastRadius        []string      `json:"blast_radius"`
}

type stateUseDoc struct {
	Bucket     string `json:"bucket"`
	Key        string `json:"key"`
	Current    bool   `json:"current"`
	Noncurrent int    `json:"versions_noncurrent"`
	AtLeast    bool   `json:"at_least"`
}

type keyFindingDoc struct {
	Rule     string  `json:"rule"`
	Severity string  `json:"severity"`
	Text     string  `json:"text"`
	Remedy   *string `json:"remedy"`
}

func newKeyDoc(k model.Key) keyDoc {
	d := keyDoc{KeyID: k.ID, ARN: text(k.ARN), Account: text(k.Account), Region: text(k.Region), Primary: text(k.Primary), Findings: []keyFindingDoc{}}
	if aliases := fact(&d.Unknown, "aliases", k.Aliases); aliases != nil {
		d.Aliases = list(*aliases)
	}
	d.Manager = fact(&d.Unknown, "manager", k.Manager)
	d.Origin, d.Spec = fact(&d.Unknown, "origin", k.Origin), fact(&d.Unknown, "spec", k.Spec)
	d.Usage = fact(&d.Unknown, "usage", k.Usage)
	d.MultiRegion = fact(&d.Unknown, "multi_region", k.MultiRegion)
	d.State = fact(&d.Unknown, "state", k.State)
	d.DeletionDate = factTime(&d.Unknown, "deletion_date", k.DeletionDate)
	d.ValidTo = factTime(&d.Unknown, "valid_to", k.ValidTo)
	fact(&d.Unknown, "policy", k.Policy) // its findings are what is printed of it
	d.Rotation = newRotationDoc(k.Rotation)
	d.UsedBy = newKeyUseDoc(k)
	for _, f := range k.Findings {
		d.Findings = append(d.Findings, keyFindingDoc{Rule: f.Rule, Severity: f.Severity, Text: f.Text, Remedy: text(f.Remedy)})
	}
	return d
}

func newRotationDoc(r model.KeyRotation) rotationDoc {
	d := rotationDoc{NotApplicable: text(r.NotApplicable)}
	d.Enabled = fact(&d.Unknown, "enabled", r.Enabled)
	if days := fact(&d.Unknown, "period_days", r.PeriodDays); days != nil && *days > 0 {
		d.PeriodDays = days
	}
	d.Last, d.Next = factTime(&d.Unknown, "last", r.Last), factTime(&d.Unknown, "next", r.Next)
	if history := fact(&d.Unknown, "history", r.History); history != nil {
		d.History = make([]rotationDoneDoc, 0, len(*history))
		for _, one := range *history {
			d.History = append(d.History, rotationDoneDoc{Date: utc(one.Date), Type: one.Type})
		}
	}
	return d
}

// factTime is a time that is known, nil where there is none.
func factTime(r *reasons, field string, f model.Fact[time.Time]) *time.Time {
	if t := fact(r, field, f); t != nil {
		return utc(*t)
	}
	return nil
}

func newKeyUseDoc(k model.Key) keyUseDoc {
	u := k.UsedBy
	d := keyUseDoc{Buckets: list(u.Buckets), VersionsCurrent: u.Current(), VersionsNoncurrent: u.Noncurrent, Tables: []string{},
		AtLeast: u.AtLeast || len(u.Unread) > 0, Unread: list(u.Unread), States: make([]stateUseDoc, 0, len(u.States)), BlastRadius: list(k.BlastRadius())}
	for _, t := range u.Tables {
		d.Tables = append(d.Tables, t.Table)
	}
	for _, s := range u.States {
		d.States = append(d.States, stateUseDoc{Bucket: s.Bucket, Key: s.Key, Current: s.Current, Noncurrent: s.Noncurrent, AtLeast: s.AtLeast})
	}
	return d
}
