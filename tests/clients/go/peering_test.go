package clients

import (
	"context"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
)

func TestPeerings(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	p.makeNetwork(t, "hub", "10.0.0.0/16")
	p.makeNetwork(t, "spoke", "10.1.0.0/16")
	client := p.network.NewVirtualNetworkPeeringsClient()
	body := func(remote string) armnetwork.VirtualNetworkPeering {
		return armnetwork.VirtualNetworkPeering{Properties: &armnetwork.VirtualNetworkPeeringPropertiesFormat{
			RemoteVirtualNetwork:      p.reference("virtualNetworks/" + remote),
			AllowVirtualNetworkAccess: to.Ptr(true),
		}}
	}
	put := func(local, remote string, body armnetwork.VirtualNetworkPeering) (armnetwork.VirtualNetworkPeering, error) {
		put, err := wait(client.BeginCreateOrUpdate(ctx, p.group, local, "to-"+remote, body, nil))
		return put.VirtualNetworkPeering, err
	}
	life[armnetwork.VirtualNetworkPeering]{
		path: "virtualNetworks/hub/virtualNetworkPeerings/to-spoke",
		body: body("spoke"),
		get: func() (armnetwork.VirtualNetworkPeering, error) {
			got, err := client.Get(ctx, p.group, "hub", "to-spoke", nil)
			return got.VirtualNetworkPeering, err
		},
		put: func(body armnetwork.VirtualNetworkPeering) (armnetwork.VirtualNetworkPeering, error) {
			return put("hub", "spoke", body)
		},
		remove: func() error {
			_, err := wait(client.BeginDelete(ctx, p.group, "hub", "to-spoke", nil))
			return err
		},
		lists: func() []func() ([]string, error) {
			return []func() ([]string, error){
				ids(client.NewListPager(p.group, "hub", nil), func(page armnetwork.VirtualNetworkPeeringsClientListResponse) []*armnetwork.VirtualNetworkPeering {
					return page.Value
				}),
			}
		},
		made: func(peering armnetwork.VirtualNetworkPeering) bool {
			state := peering.Properties.PeeringState
			return state != nil && *state == armnetwork.VirtualNetworkPeeringStateInitiated
		},
		change: func(peering *armnetwork.VirtualNetworkPeering) {
			peering.Properties.AllowForwardedTraffic = to.Ptr(true)
		},
		changed: func(peering armnetwork.VirtualNetworkPeering) bool { return *peering.Properties.AllowForwardedTraffic },
	}.live(t, p)

	_, err := put("hub", "spoke", body("spoke"))
	must(t, err)
	other, err := put("spoke", "hub", body("hub"))
	must(t, err)
	if *other.Properties.PeeringState != armnetwork.VirtualNetworkPeeringStateConnected {
		t.Fatal(text(other))
	}
}
