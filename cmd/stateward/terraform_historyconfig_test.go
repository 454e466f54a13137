//go:build unix

package main

// The configuration of the history beside that of the other stories: counted,
// keyed and in modules, with sensitive values, and one resource whose
// replacement can fail, which leaves a tainted and a deposed object.
const historyConfiguration = `
variable "servers" { default = 4 }
variable "sites" {
  type    = set(string)
  default = ["a/b", "x y", "z"]
}
variable "apps" {
  type    = set(string)
  default = ["blue", "green"]
}
variable "release" { default = 2 }
variable "fail" {
  type    = bool
  default = false
}
variable "password" {
  default   = "history-secret-value"
  sensitive = true
}

resource "terraform_data" "server" {
  count = var.servers
  input = { index = count.index, password = var.password }
}

resource "terraform_data" "site" {
  for_each = var.sites
  input    = each.key
}

module "app" {
  source   = "./app"
  for_each = var.apps
  password = var.password
}

resource "terraform_data" "proxy" {
  triggers_replace = var.release
  lifecycle { create_before_destroy = true }
  provisioner "local-exec" {
    command = var.fail ? "exit 1" : "true"
    quiet   = true
  }
}

output "endpoint" { value = "db.example.org" }
output "password" {
  value     = var.password
  sensitive = true
}
`

const historyModule = `
variable "password" {}
resource "terraform_data" "db" { input = { password = var.password } }
resource "terraform_data" "node" { count = 2 }
`
