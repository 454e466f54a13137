// Package aws is the only importer of the AWS SDK. It reads backends, states,
// versions and locks, works out the facts that plans rest on, and runs plans
// with every change conditional on what the operator saw. What it returns are
// model values and model errors.
package aws
