package clients

import (
	"context"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/privatedns/armprivatedns"
)

const blobZone = "privatelink.blob.core.windows.net"

func TestPrivateEndpoints(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	p.makeNetwork(t, "net", "10.0.0.0/16", "endpoints", "10.0.0.0/24")
	client := p.network.NewPrivateEndpointsClient()
	life[armnetwork.PrivateEndpoint]{
		path: "privateEndpoints/endpoint",
		body: p.endpointTo(store, false, "blob"),
		get: func() (armnetwork.PrivateEndpoint, error) {
			got, err := client.Get(ctx, p.group, "endpoint", nil)
			return got.PrivateEndpoint, err
		},
		put: func(body armnetwork.PrivateEndpoint) (armnetwork.PrivateEndpoint, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "endpoint", body, nil))
			return put.PrivateEndpoint, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "endpoint", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, nil), func(page armnetwork.PrivateEndpointsClientListResponse) []*armnetwork.PrivateEndpoint {
					return page.Value
				}),
				ids(client.NewListBySubscriptionPager(nil), func(page armnetwork.PrivateEndpointsClientListBySubscriptionResponse) []*armnetwork.PrivateEndpoint {
					return page.Value
				}),
			}
		},
		made: func(endpoint armnetwork.PrivateEndpoint) bool {
			names := endpoint.Properties.CustomDNSConfigs
			return len(names) == 1 && *names[0].Fqdn == "clientstore.blob.core.windows.net" && *names[0].IPAddresses[0] == "10.0.0.4"
		},
		change: func(endpoint *armnetwork.PrivateEndpoint) {
			endpoint.Tags = map[string]*string{"team": to.Ptr("network")}
		},
		changed: func(endpoint armnetwork.PrivateEndpoint) bool { return *endpoint.Tags["team"] == "network" },
	}.live(t, p)
}

func TestPrivateDNSZoneGroups(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	p.makeNetwork(t, "net", "10.0.0.0/16", "endpoints", "10.0.0.0/24")
	p.makeEndpoint(t, p.endpointTo(store, false, "blob"))
	p.makeZone(t, blobZone)
	p.makeZone(t, "example.internal")
	config := func(name, zone string) *armnetwork.PrivateDNSZoneConfig {
		return &armnetwork.PrivateDNSZoneConfig{
			Name: to.Ptr(name),
			Properties: &armnetwork.PrivateDNSZonePropertiesFormat{
				PrivateDNSZoneID: to.Ptr(p.id("privateDnsZones/" + zone)),
			},
		}
	}
	client := p.network.NewPrivateDNSZoneGroupsClient()
	life[armnetwork.PrivateDNSZoneGroup]{
		path: "privateEndpoints/endpoint/privateDnsZoneGroups/default",
		body: armnetwork.PrivateDNSZoneGroup{Properties: &armnetwork.PrivateDNSZoneGroupPropertiesFormat{
			PrivateDNSZoneConfigs: []*armnetwork.PrivateDNSZoneConfig{config("blob", blobZone)},
		}},
		get: func() (armnetwork.PrivateDNSZoneGroup, error) {
			got, err := client.Get(ctx, p.group, "endpoint", "default", nil)
			return got.PrivateDNSZoneGroup, err
		},
		put: func(body armnetwork.PrivateDNSZoneGroup) (armnetwork.PrivateDNSZoneGroup, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "endpoint", "default", body, nil))
			return put.PrivateDNSZoneGroup, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "endpoint", "default", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager("endpoint", p.group, nil), func(page armnetwork.PrivateDNSZoneGroupsClientListResponse) []*armnetwork.PrivateDNSZoneGroup {
					return page.Value
				}),
			}
		},
		made: func(group armnetwork.PrivateDNSZoneGroup) bool {
			_, err := p.dns.NewRecordSetsClient().Get(ctx, p.group, blobZone, armprivatedns.RecordTypeA, "clientstore", nil)
			return err == nil && *group.Properties.PrivateDNSZoneConfigs[0].Properties.RecordSets[0].IPAddresses[0] == "10.0.0.4"
		},
		change: func(group *armnetwork.PrivateDNSZoneGroup) {
			configs := &group.Properties.PrivateDNSZoneConfigs
			*configs = append(*configs, config("other", "example.internal"))
		},
		changed: func(group armnetwork.PrivateDNSZoneGroup) bool {
			return len(group.Properties.PrivateDNSZoneConfigs) == 2
		},
	}.live(t, p)
}

func TestPrivateLinkServices(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	client := p.network.NewPrivateLinkServicesClient()
	life[armnetwork.PrivateLinkService]{
		path: "privateLinkServices/service",
		body: p.linkService(t),
		get: func() (armnetwork.PrivateLinkService, error) {
			got, err := client.Get(ctx, p.group, "service", nil)
			return got.PrivateLinkService, err
		},
		put: func(body armnetwork.PrivateLinkService) (armnetwork.PrivateLinkService, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "service", body, nil))
			return put.PrivateLinkService, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "service", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, nil), func(page armnetwork.PrivateLinkServicesClientListResponse) []*armnetwork.PrivateLinkService {
					return page.Value
				}),
				ids(client.NewListBySubscriptionPager(nil), func(page armnetwork.PrivateLinkServicesClientListBySubscriptionResponse) []*armnetwork.PrivateLinkService {
					return page.Value
				}),
			}
		},
		made: func(service armnetwork.PrivateLinkService) bool {
			return strings.HasSuffix(*service.Properties.Alias, "."+region+".azure.privatelinkservice")
		},
		change:  func(service *armnetwork.PrivateLinkService) { service.Properties.EnableProxyProtocol = to.Ptr(true) },
		changed: func(service armnetwork.PrivateLinkService) bool { return *service.Properties.EnableProxyProtocol },
	}.live(t, p)
}

func TestConnectionsAreApprovedRejectedAndDeleted(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	services, endpoints := p.network.NewPrivateLinkServicesClient(), p.network.NewPrivateEndpointsClient()
	service, err := wait(services.BeginCreateOrUpdate(ctx, p.group, "service", p.linkService(t), nil))
	must(t, err)
	p.makeEndpoint(t, p.endpointTo(*service.ID, true))
	is := func(status string) {
		t.Helper()
		endpoint, err := endpoints.Get(ctx, p.group, "endpoint", nil)
		must(t, err)
		connection := endpoint.Properties.ManualPrivateLinkServiceConnections[0]
		if found := *connection.Properties.PrivateLinkServiceConnectionState.Status; found != status {
			t.Fatalf("the connection is %s, not %s", found, status)
		}
	}
	is("Pending")
	page, err := services.NewListPrivateEndpointConnectionsPager(p.group, "service", nil).NextPage(ctx)
	must(t, err)
	connection := *page.Value[0]
	for _, status := range []string{"Approved", "Rejected"} {
		connection.Properties.PrivateLinkServiceConnectionState = &armnetwork.PrivateLinkServiceConnectionState{
			Status: to.Ptr(status), Description: to.Ptr("decided"),
		}
		_, err = services.UpdatePrivateEndpointConnection(ctx, p.group, "service", *connection.Name, connection, nil)
		must(t, err)
		is(status)
	}
	_, err = wait(services.BeginDeletePrivateEndpointConnection(ctx, p.group, "service", *connection.Name, nil))
	must(t, err)
	is("Disconnected")
}
