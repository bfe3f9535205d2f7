# Terraform: an apply that is done only when the operation is. The key and the region are in the environment of terraform
# itself (HW_ACCESS_KEY, HW_SECRET_KEY, HW_REGION_NAME), where its provider reads them too. start-operation.sh, of your own,
# prints the answer of the call that starts the operation.
variable "instance_id" {
  type = string
}

resource "terraform_data" "swap" {
  triggers_replace = [var.instance_id]

  provisioner "local-exec" {
    # /bin/sh -c runs it: the first line ends it if the operation cannot be started.
    command = <<-EOT
      ./start-operation.sh "$INSTANCE_ID" > answer.json || exit
      dcs-wait --timeout 15m --progress plain - < answer.json
    EOT
    environment = {
      INSTANCE_ID = var.instance_id
    }
  }
}
