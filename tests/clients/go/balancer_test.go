package clients

import (
	"context"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
)

func TestLoadBalancers(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	p.makeNetwork(t, "net", "10.0.0.0/16", "services", "10.0.0.0/24")
	client := p.network.NewLoadBalancersClient()
	body := p.balancer()
	part := func(path string) *armnetwork.SubResource { return p.reference("loadBalancers/balancer/" + path) }
	body.Properties.LoadBalancingRules = []*armnetwork.LoadBalancingRule{{
		Name: to.Ptr("web"),
		Properties: &armnetwork.LoadBalancingRulePropertiesFormat{
			Protocol:                to.Ptr(armnetwork.TransportProtocolTCP),
			FrontendPort:            to.Ptr[int32](443),
			BackendPort:             to.Ptr[int32](443),
			FrontendIPConfiguration: part("frontendIPConfigurations/front"),
			BackendAddressPool:      part("backendAddressPools/pool"),
		},
	}}
	life[armnetwork.LoadBalancer]{
		path: "loadBalancers/balancer",
		body: body,
		get: func() (armnetwork.LoadBalancer, error) {
			got, err := client.Get(ctx, p.group, "balancer", nil)
			return got.LoadBalancer, err
		},
		put: func(body armnetwork.LoadBalancer) (armnetwork.LoadBalancer, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "balancer", body, nil))
			return put.LoadBalancer, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "balancer", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, nil), func(page armnetwork.LoadBalancersClientListResponse) []*armnetwork.LoadBalancer {
					return page.Value
				}),
				ids(client.NewListAllPager(nil), func(page armnetwork.LoadBalancersClientListAllResponse) []*armnetwork.LoadBalancer {
					return page.Value
				}),
			}
		},
		made: func(balancer armnetwork.LoadBalancer) bool {
			front := balancer.Properties.FrontendIPConfigurations[0]
			address := front.Properties.PrivateIPAddress
			return address != nil && *address == "10.0.0.4" && *front.ID == *balancer.ID+"/frontendIPConfigurations/front"
		},
		change: func(balancer *armnetwork.LoadBalancer) {
			balancer.Properties.LoadBalancingRules[0].Properties.IdleTimeoutInMinutes = to.Ptr[int32](10)
		},
		changed: func(balancer armnetwork.LoadBalancer) bool {
			return *balancer.Properties.LoadBalancingRules[0].Properties.IdleTimeoutInMinutes == 10
		},
	}.live(t, p)
}

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	client := p.network.NewPublicIPAddressesClient()
	life[armnetwork.PublicIPAddress]{
		path: "publicIPAddresses/address",
		body: armnetwork.PublicIPAddress{
			Location: to.Ptr(region),
			SKU:      &armnetwork.PublicIPAddressSKU{Name: to.Ptr(armnetwork.PublicIPAddressSKUNameStandard)},
			Properties: &armnetwork.PublicIPAddressPropertiesFormat{
				PublicIPAllocationMethod: to.Ptr(armnetwork.IPAllocationMethodStatic),
			},
		},
		get: func() (armnetwork.PublicIPAddress, error) {
			got, err := client.Get(ctx, p.group, "address", nil)
			return got.PublicIPAddress, err
		},
		put: func(body armnetwork.PublicIPAddress) (armnetwork.PublicIPAddress, error) {
			put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, "address", body, nil))
			return put.PublicIPAddress, err
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "address", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, nil), func(page armnetwork.PublicIPAddressesClientListResponse) []*armnetwork.PublicIPAddress {
					return page.Value
				}),
				ids(client.NewListAllPager(nil), func(page armnetwork.PublicIPAddressesClientListAllResponse) []*armnetwork.PublicIPAddress {
					return page.Value
				}),
			}
		},
		made:    func(address armnetwork.PublicIPAddress) bool { return address.Properties.IPAddress != nil },
		change:  func(address *armnetwork.PublicIPAddress) { address.Properties.IdleTimeoutInMinutes = to.Ptr[int32](10) },
		changed: func(address armnetwork.PublicIPAddress) bool { return *address.Properties.IdleTimeoutInMinutes == 10 },
	}.live(t, p)
}
