package clients

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/privatedns/armprivatedns"
)

func lower(name string) string { return strings.ToLower(name) }

func TestWhatIsMissingIsNotFound(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	_, err := p.network.NewVirtualNetworksClient().Get(ctx, p.group, "nowhere", nil)
	refused(t, err, http.StatusNotFound, "ResourceNotFound")
	_, err = p.network.NewVirtualNetworksClient().Get(ctx, "nowhere", "net", nil)
	refused(t, err, http.StatusNotFound, "ResourceGroupNotFound")
}

func TestAWrongSecretSignsNobodyIn(t *testing.T) {
	t.Parallel()
	stranger := signIn(t, "22222222-0000-0000-0000-0000000000c1", "a wrong secret")
	_, err := stranger.network.NewVirtualNetworksClient().Get(context.Background(), "targets", "net", nil)
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Fatal(err)
	}
}

func TestWhoeverMayOnlyReadWritesNothing(t *testing.T) {
	t.Parallel()
	_, err := wait(reader(t).network.NewVirtualNetworksClient().BeginCreateOrUpdate(
		context.Background(), "targets", "net", network("10.0.0.0/16"), nil))
	refused(t, err, http.StatusForbidden, "AuthorizationFailed")
}

func TestASubnetInUseStays(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	p.makeNetwork(t, "net", "10.0.0.0/16", "endpoints", "10.0.0.0/24")
	p.makeEndpoint(t, p.endpointTo(store, false, "blob"))
	_, err := wait(p.network.NewSubnetsClient().BeginDelete(ctx, p.group, "net", "endpoints", nil))
	refused(t, err, http.StatusBadRequest, "InUseSubnetCannotBeDeleted")
}

func TestAnOperationThatFailsIsRaisedByItsPoller(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	p.makeNetwork(t, "net", "10.0.0.0/16", "endpoints", "10.0.0.0/24")
	p.makeEndpoint(t, p.endpointTo(store, false, "blob"))
	group := armnetwork.PrivateDNSZoneGroup{Properties: &armnetwork.PrivateDNSZoneGroupPropertiesFormat{
		PrivateDNSZoneConfigs: []*armnetwork.PrivateDNSZoneConfig{{
			Name: to.Ptr("blob"),
			Properties: &armnetwork.PrivateDNSZonePropertiesFormat{
				PrivateDNSZoneID: to.Ptr(p.id("privateDnsZones/nowhere.internal")),
			},
		}},
	}}
	_, err := wait(p.network.NewPrivateDNSZoneGroupsClient().BeginCreateOrUpdate(ctx, p.group, "endpoint", "default", group, nil))
	refused(t, err, http.StatusOK, "InvalidPrivateDnsZoneIds")
}

func TestWhatOthersChangedIsNotOverwritten(t *testing.T) {
	t.Parallel()
	p, ctx := newPlace(t), context.Background()
	stale := p.makeZone(t, zoneName).Etag
	zones, sets := p.dns.NewPrivateZonesClient(), p.dns.NewRecordSetsClient()
	zone := armprivatedns.PrivateZone{Location: to.Ptr("global"), Tags: map[string]*string{"team": to.Ptr("network")}}
	_, err := wait(zones.BeginCreateOrUpdate(ctx, p.group, zoneName, zone, nil))
	must(t, err)
	_, err = wait(zones.BeginCreateOrUpdate(ctx, p.group, zoneName, zone,
		&armprivatedns.PrivateZonesClientBeginCreateOrUpdateOptions{IfMatch: stale}))
	refused(t, err, http.StatusOK, "PreconditionFailed")

	set := armprivatedns.RecordSet{Properties: &armprivatedns.RecordSetProperties{
		TTL: to.Ptr[int64](60), ARecords: []*armprivatedns.ARecord{{IPv4Address: to.Ptr("10.0.0.4")}},
	}}
	put := func(options *armprivatedns.RecordSetsClientCreateOrUpdateOptions) (armprivatedns.RecordSet, error) {
		put, err := sets.CreateOrUpdate(ctx, p.group, zoneName, armprivatedns.RecordTypeA, "name", set, options)
		return put.RecordSet, err
	}
	first, err := put(nil)
	must(t, err)
	_, err = put(&armprivatedns.RecordSetsClientCreateOrUpdateOptions{IfNoneMatch: to.Ptr("*")})
	refused(t, err, http.StatusPreconditionFailed, "PreconditionFailed")
	set.Properties.TTL = to.Ptr[int64](120)
	_, err = put(&armprivatedns.RecordSetsClientCreateOrUpdateOptions{IfMatch: first.Etag})
	must(t, err)
	_, err = put(&armprivatedns.RecordSetsClientCreateOrUpdateOptions{IfMatch: first.Etag})
	refused(t, err, http.StatusPreconditionFailed, "PreconditionFailed")
}
