// Package model holds what stateward knows and decides: backends, states,
// versions, locks, digests, plans and findings, and every rule about them.
// It performs no I/O: facts come in as values and decisions go out as values,
// so that each rule can be read and tested on its own. The wire facts behind
// the rules are those of the S3 backend of Terraform and OpenTofu.
package model
