//go:build unix

package main

// The configuration of the 30 states: every way in which instances get their
// keys, in which values are sensitive, and in which objects are left behind.
const showConfiguration = `
variable "counted" { type = number }
variable "inner" { type = number }
variable "keys" { type = set(string) }
variable "modules" { type = set(string) }
variable "secret" {
  type      = string
  sensitive = true
}
variable "pin" {
  type      = number
  sensitive = true
}
variable "release" { type = number }
variable "fail" { type = bool }

data "terraform_remote_state" "shared" {
  backend = "local"
  config  = { path = %q }
}

resource "terraform_data" "counted" {
  count = var.counted
  input = { index = count.index, pin = var.pin }
}

resource "terraform_data" "keyed" {
  for_each = var.keys
  input    = { key = each.key, deep = { list = ["open-member", var.secret, { hidden = var.secret }] } }
}

resource "terraform_data" "whole" {
  input            = var.secret
  triggers_replace = [var.secret, "open"]
}

resource "terraform_data" "object" {
  input = sensitive({ member = "sensitive-member", list = [1, 2] })
}

resource "terraform_data" "copies" {
  input = {
    inside  = nonsensitive("postgres://user:${var.secret}@host")
    encoded = nonsensitive(jsonencode({ connection = var.secret, nested = jsonencode([var.secret]) }))
    open    = "open-member"
  }
}

resource "terraform_data" "flaky" {
  input            = var.release
  triggers_replace = var.release
  lifecycle { create_before_destroy = true }
  provisioner "local-exec" {
    command = var.fail ? "exit 1" : "true"
    quiet   = true
  }
}

module "outer" {
  source   = "./outer"
  for_each = var.modules
  secret   = var.secret
  inner    = var.inner
}

output "a_secret" {
  value     = var.secret
  sensitive = true
}

output "an_object" {
  value     = { secret = var.secret, pin = var.pin }
  sensitive = true
}

output "from_modules" {
  value     = [for m in module.outer : m.secret]
  sensitive = true
}

output "open" { value = ["open-member", var.counted] }

output "shared" {
  value     = data.terraform_remote_state.shared.outputs
  sensitive = true
}
`

const showOuterModule = `
variable "secret" {}
variable "inner" {}

resource "terraform_data" "in_module" {
  input = { name = "open-member", secret = var.secret }
}

module "inner" {
  source = "./inner"
  count  = var.inner
  secret = var.secret
}

output "secret" { value = var.secret }
`

const showInnerModule = `
variable "secret" {}

resource "terraform_data" "deep" {
  for_each = toset(["one", "t.w\"o"])
  input    = { (each.key) = var.secret }
}
`
