package clients

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/privatedns/armprivatedns"
)

const (
	tenant       = "11111111-0000-0000-0000-0000000000c1"
	subscription = "00000000-0000-0000-0000-0000000000c1"
	region       = "westeurope"
	store        = "/subscriptions/" + subscription + "/resourceGroups/targets/providers/Microsoft.Storage/storageAccounts/clientstore"
)

func endpoint() string {
	if set := os.Getenv("ARM_ENDPOINT"); set != "" {
		return set
	}
	return "https://localhost:8443"
}

// options point a client to the emulator. Go's transport trusts SSL_CERT_FILE by itself.
func options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: endpoint(),
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: endpoint(), Audience: endpoint()},
			},
		},
		Transport: http.DefaultClient,
	}
}

// principal is somebody with a secret, and the clients that this person signs in with.
type principal struct {
	credential azcore.TokenCredential
	network    *armnetwork.ClientFactory
	dns        *armprivatedns.ClientFactory
}

func signIn(t *testing.T, client, secret string) principal {
	t.Helper()
	credential, err := azidentity.NewClientSecretCredential(tenant, client, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: options(),
		// Otherwise MSAL asks the public login host about the authority.
		DisableInstanceDiscovery: true,
	})
	must(t, err)
	more := &arm.ClientOptions{ClientOptions: options()}
	network, err := armnetwork.NewClientFactory(subscription, credential, more)
	must(t, err)
	dns, err := armprivatedns.NewClientFactory(subscription, credential, more)
	must(t, err)
	return principal{credential, network, dns}
}

func owner(t *testing.T) principal {
	t.Helper()
	return signIn(t, "22222222-0000-0000-0000-0000000000c1", "the secret of the owner")
}

func reader(t *testing.T) principal {
	t.Helper()
	return signIn(t, "22222222-0000-0000-0000-0000000000c2", "the secret of the reader")
}

// place is a resource group of the test's own.
type place struct {
	principal
	group string
}

var count atomic.Int32

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{owner(t), fmt.Sprintf("go-%d", count.Add(1))}
	must(t, p.send(http.MethodPut, `{"location":"westeurope"}`))
	t.Cleanup(func() { must(t, p.send(http.MethodDelete, "")) })
	return p
}

// send makes or deletes the resource group, which none of these clients can.
func (p place) send(method, body string) error {
	token := runtime.NewBearerTokenPolicy(p.credential, []string{endpoint() + "/.default"}, nil)
	with := options()
	pipeline := runtime.NewPipeline("clients", "v1", runtime.PipelineOptions{PerRetry: []runtimePolicy{token}}, &with)
	path := "/subscriptions/" + subscription + "/resourcegroups/" + p.group + "?api-version=2021-04-01"
	request, err := runtime.NewRequest(context.Background(), method, endpoint()+path)
	if err != nil {
		return err
	}
	if body != "" {
		if err := request.SetBody(nopCloser{strings.NewReader(body)}, "application/json"); err != nil {
			return err
		}
	}
	response, err := pipeline.Do(request)
	if err != nil {
		return err
	}
	if !runtime.HasStatusCode(response, http.StatusOK, http.StatusCreated, http.StatusAccepted) {
		return runtime.NewResponseError(response)
	}
	return response.Body.Close()
}

// id is the id of what stands at a path of types and names, `virtualNetworks/net/subnets/endpoints`.
func (p place) id(path string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/" + p.group + "/providers/Microsoft.Network/" + path
}

func (p place) reference(path string) *armnetwork.SubResource {
	return &armnetwork.SubResource{ID: to.Ptr(p.id(path))}
}

// makeNetwork makes a network with subnets: name, prefix, name, prefix.
func (p place) makeNetwork(t *testing.T, name, prefix string, subnets ...string) {
	t.Helper()
	body := network(prefix)
	for at := 0; at < len(subnets); at += 2 {
		body.Properties.Subnets = append(body.Properties.Subnets, &armnetwork.Subnet{
			Name: to.Ptr(subnets[at]),
			Properties: &armnetwork.SubnetPropertiesFormat{
				AddressPrefix:                     to.Ptr(subnets[at+1]),
				PrivateLinkServiceNetworkPolicies: to.Ptr(armnetwork.VirtualNetworkPrivateLinkServiceNetworkPoliciesDisabled),
			},
		})
	}
	_, err := wait(p.network.NewVirtualNetworksClient().BeginCreateOrUpdate(context.Background(), p.group, name, body, nil))
	must(t, err)
}

func (p place) makeZone(t *testing.T, name string) armprivatedns.PrivateZone {
	t.Helper()
	body := armprivatedns.PrivateZone{Location: to.Ptr("global")}
	made, err := wait(p.dns.NewPrivateZonesClient().BeginCreateOrUpdate(context.Background(), p.group, name, body, nil))
	must(t, err)
	return made.PrivateZone
}

// endpointTo is the body of a private endpoint in the subnet endpoints of the network net.
func (p place) endpointTo(target string, manual bool, groups ...string) armnetwork.PrivateEndpoint {
	connections := []*armnetwork.PrivateLinkServiceConnection{{
		Name: to.Ptr("connection"),
		Properties: &armnetwork.PrivateLinkServiceConnectionProperties{
			PrivateLinkServiceID: to.Ptr(target),
			GroupIDs:             to.SliceOfPtrs(groups...),
		},
	}}
	properties := &armnetwork.PrivateEndpointProperties{
		Subnet: &armnetwork.Subnet{ID: to.Ptr(p.id("virtualNetworks/net/subnets/endpoints"))},
	}
	if manual {
		properties.ManualPrivateLinkServiceConnections = connections
	} else {
		properties.PrivateLinkServiceConnections = connections
	}
	return armnetwork.PrivateEndpoint{Location: to.Ptr(region), Properties: properties}
}

func (p place) makeEndpoint(t *testing.T, body armnetwork.PrivateEndpoint) armnetwork.PrivateEndpoint {
	t.Helper()
	client := p.network.NewPrivateEndpointsClient()
	made, err := wait(client.BeginCreateOrUpdate(context.Background(), p.group, "endpoint", body, nil))
	must(t, err)
	return made.PrivateEndpoint
}

// balancer is a load balancer as a private link service needs one.
func (p place) balancer() armnetwork.LoadBalancer {
	return armnetwork.LoadBalancer{
		Location: to.Ptr(region),
		SKU:      &armnetwork.LoadBalancerSKU{Name: to.Ptr(armnetwork.LoadBalancerSKUNameStandard)},
		Properties: &armnetwork.LoadBalancerPropertiesFormat{
			FrontendIPConfigurations: []*armnetwork.FrontendIPConfiguration{{
				Name: to.Ptr("front"),
				Properties: &armnetwork.FrontendIPConfigurationPropertiesFormat{
					PrivateIPAllocationMethod: to.Ptr(armnetwork.IPAllocationMethodDynamic),
					Subnet:                    &armnetwork.Subnet{ID: to.Ptr(p.id("virtualNetworks/net/subnets/services"))},
				},
			}},
			BackendAddressPools: []*armnetwork.BackendAddressPool{{Name: to.Ptr("pool")}},
		},
	}
}

// linkService is the body of a private link service, for which everything that it needs is made.
func (p place) linkService(t *testing.T) armnetwork.PrivateLinkService {
	t.Helper()
	p.makeNetwork(t, "net", "10.0.0.0/16", "services", "10.0.0.0/24", "endpoints", "10.0.1.0/24")
	client := p.network.NewLoadBalancersClient()
	_, err := wait(client.BeginCreateOrUpdate(context.Background(), p.group, "balancer", p.balancer(), nil))
	must(t, err)
	return armnetwork.PrivateLinkService{
		Location: to.Ptr(region),
		Properties: &armnetwork.PrivateLinkServiceProperties{
			LoadBalancerFrontendIPConfigurations: []*armnetwork.FrontendIPConfiguration{
				{ID: to.Ptr(p.id("loadBalancers/balancer/frontendIPConfigurations/front"))},
			},
			IPConfigurations: []*armnetwork.PrivateLinkServiceIPConfiguration{{
				Name: to.Ptr("first"),
				Properties: &armnetwork.PrivateLinkServiceIPConfigurationProperties{
					Primary:                   to.Ptr(true),
					PrivateIPAllocationMethod: to.Ptr(armnetwork.IPAllocationMethodDynamic),
					Subnet:                    &armnetwork.Subnet{ID: to.Ptr(p.id("virtualNetworks/net/subnets/services"))},
				},
			}},
		},
	}
}
