# Terraform with azapi against the emulator: see docs/emulator/clients.md.
terraform {
  required_providers {
    azapi = { source = "Azure/azapi", version = "1.15.0" }
  }
}

provider "azapi" {
  environment = "public"
  endpoint = [{
    resource_manager_endpoint       = "https://localhost:8443"
    resource_manager_audience       = "https://localhost:8443"
    active_directory_authority_host = "https://localhost:8443"
  }]
  skip_provider_registration = true
  subscription_id            = "00000000-0000-0000-0000-0000000000c1"
  tenant_id                  = "11111111-0000-0000-0000-0000000000c1"
  client_id                  = "22222222-0000-0000-0000-0000000000c1"
  client_secret              = "the secret of the owner"
  use_cli                    = false
}

resource "azapi_resource" "group" {
  type      = "Microsoft.Resources/resourceGroups@2022-09-01"
  parent_id = "/subscriptions/00000000-0000-0000-0000-0000000000c1"
  name      = "terraform"
  location  = "westeurope"
}

resource "azapi_resource" "guard" {
  type      = "Microsoft.Network/networkSecurityGroups@2023-11-01"
  parent_id = azapi_resource.group.id
  name      = "guard"
  location  = "westeurope"
  body = {
    properties = {
      securityRules = [{
        name = "https"
        properties = {
          access                   = "Allow"
          direction                = "Inbound"
          priority                 = 100
          protocol                 = "Tcp"
          sourceAddressPrefix      = "VirtualNetwork"
          sourcePortRange          = "*"
          destinationAddressPrefix = "*"
          destinationPortRange     = "443"
        }
      }]
    }
  }
}

resource "azapi_resource" "network" {
  type      = "Microsoft.Network/virtualNetworks@2023-11-01"
  parent_id = azapi_resource.group.id
  name      = "net"
  location  = "westeurope"
  body = {
    properties = {
      addressSpace = { addressPrefixes = ["10.0.0.0/16"] }
      subnets = [{
        name = "endpoints"
        properties = {
          addressPrefix        = "10.0.0.0/24"
          networkSecurityGroup = { id = azapi_resource.guard.id }
        }
      }]
    }
  }
  response_export_values = ["properties.subnets"]
}

resource "azapi_resource" "account" {
  type      = "Microsoft.Storage/storageAccounts@2023-01-01"
  parent_id = azapi_resource.group.id
  name      = "terraformacct"
  location  = "westeurope"
  tags      = { team = "network" }
  body = {
    kind       = "StorageV2"
    sku        = { name = "Standard_LRS" }
    properties = { publicNetworkAccess = "Disabled", minimumTlsVersion = "TLS1_2" }
  }
}

resource "azapi_resource" "zone" {
  type      = "Microsoft.Network/privateDnsZones@2020-06-01"
  parent_id = azapi_resource.group.id
  name      = "privatelink.blob.core.windows.net"
  location  = "global"
}

resource "azapi_resource" "link" {
  type      = "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01"
  parent_id = azapi_resource.zone.id
  name      = "net"
  location  = "global"
  body      = { properties = { registrationEnabled = false, virtualNetwork = { id = azapi_resource.network.id } } }
}

resource "azapi_resource" "endpoint" {
  type      = "Microsoft.Network/privateEndpoints@2023-11-01"
  parent_id = azapi_resource.group.id
  name      = "blob"
  location  = "westeurope"
  body = {
    properties = {
      subnet = { id = "${azapi_resource.network.id}/subnets/endpoints" }
      privateLinkServiceConnections = [{
        name       = "blob"
        properties = { privateLinkServiceId = azapi_resource.account.id, groupIds = ["blob"] }
      }]
    }
  }
}

resource "azapi_resource" "names" {
  type      = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2023-11-01"
  parent_id = azapi_resource.endpoint.id
  name      = "default"
  body      = { properties = { privateDnsZoneConfigs = [{ name = "blob", properties = { privateDnsZoneId = azapi_resource.zone.id } }] } }
}
