import {
  type Client,
  choose,
  documentation,
  keyPlaceholder,
  proven,
  provenByClients,
  userName
} from './client.ts'
import { json } from './quoting.ts'
import { apiRoot, collection, fromDiscovery, objects } from './requests.ts'

/** Products that watch events and match them with indicators. */

export const sentinel: Client = {
  id: 'microsoft-sentinel',
  name: 'Microsoft Sentinel',
  dialect: 'taxii',
  where: 'Data connectors, "Threat intelligence - TAXII": one entry for each feed.',
  fields: ({ title, apiRoot, collectionId }) => [
    { name: 'Friendly name (for server)', value: title },
    { name: 'API root URL', value: apiRoot },
    { name: 'Collection ID', value: collectionId },
    { name: 'Username', value: userName },
    { name: 'Password', value: keyPlaceholder },
    choose('Import indicators', 'All available'),
    choose('Polling frequency', 'Once an hour')
  ],
  fieldsEvidence: documentation('Microsoft Learn, Threat intelligence - TAXII data connector'),
  pitfalls: [
    {
      text: 'It resumes by the header X-TAXII-Date-Added-Last, which every answer of the gateway has.',
      evidence: provenByClients('CLIENT-6: an empty page echoes added_after in both headers')
    },
    {
      text: 'The form takes collection ids that are UUIDs of version 4 alone: enter the id, not the title.',
      evidence: documentation('Azure-Sentinel, issue 11202')
    },
    {
      text: 'Requests come from Azure: the gateway has to be reached from there, over HTTPS with a public certificate.',
      evidence: documentation('Microsoft Learn, Threat intelligence - TAXII data connector')
    }
  ],
  file: ({ title, apiRoot, collectionId }) => ({
    name: 'sentinel-taxii.json',
    use: 'ARM template: az deployment group create --resource-group GROUP --template-file sentinel-taxii.json. It asks for the workspace and the key.',
    text: json({
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      parameters: { workspace: { type: 'string' }, key: { type: 'securestring' } },
      resources: [
        {
          type: 'Microsoft.OperationalInsights/workspaces/providers/dataConnectors',
          apiVersion: '2023-02-01-preview',
          name: `[concat(parameters('workspace'), '/Microsoft.SecurityInsights/${collectionId}')]`,
          kind: 'ThreatIntelligenceTaxii',
          properties: {
            tenantId: '[subscription().tenantId]',
            workspaceId:
              "[reference(resourceId('Microsoft.OperationalInsights/workspaces', parameters('workspace')), '2022-10-01').customerId]",
            // A leading bracket would make it an expression.
            friendlyName: title.replace(/^\[/, '[['),
            taxiiServer: apiRoot,
            collectionId,
            userName,
            password: "[parameters('key')]",
            taxiiLookbackPeriod: '1970-01-01T00:00:00.000Z',
            pollingFrequency: 'OnceAnHour',
            dataTypes: { taxiiClient: { state: 'Enabled' } }
          }
        }
      ]
    })
  }),
  requests: target => [
    apiRoot(target),
    collection(target),
    objects(target),
    objects(target, '?next={next}')
  ]
}

export const splunk: Client = {
  id: 'splunk-enterprise-security',
  name: 'Splunk Enterprise Security 8.2 and later',
  dialect: 'taxii',
  where: 'Configure, Threat intelligence, Threat intelligence sources: add a source of type TAXII.',
  fields: ({ discovery, apiRoot, collectionId, title }) => [
    { name: 'URL (discovery)', value: discovery },
    { name: 'URL, where the form wants the API root', value: apiRoot },
    { name: 'Collection (id)', value: collectionId },
    { name: 'Collection, where the form lists titles', value: title },
    { name: 'User name', value: userName },
    { name: 'Password', value: keyPlaceholder }
  ],
  fieldsEvidence: documentation('Splunk Docs, Enterprise Security 8.2: try it first'),
  pitfalls: [
    {
      text: 'Up to 8.1 it speaks TAXII 1.x only, which the gateway does not.',
      evidence: documentation('Splunk Docs, Enterprise Security')
    },
    {
      text: 'From 8.4 the key belongs in the credential store, and the source names the user alone.',
      evidence: documentation('Splunk Docs, Enterprise Security')
    },
    {
      text: 'The app SEKOIA.IO for Splunk does not use TAXII: enter the address of the gateway as its "SEKOIA.IO API URL".',
      evidence: proven(
        'test/native/clients.test.ts',
        '3: the Splunk app reads indicators by 300 below either root, and needs 401 for a bad key'
      )
    }
  ],
  requests: fromDiscovery
}

export const qradar: Client = {
  id: 'ibm-qradar',
  name: 'IBM QRadar Threat Intelligence',
  dialect: 'taxii',
  where: 'Threat Intelligence app, Feeds Downloader, Add Threat Feed, Add TAXII Feed.',
  fields: ({ discovery, title }) => [
    { name: 'TAXII Endpoint', value: discovery },
    choose('Version', 'TAXII 2.1'),
    choose('Authentication Method', 'HTTP Basic'),
    { name: 'Username', value: userName },
    { name: 'Password', value: keyPlaceholder },
    { name: 'Collection', value: title }
  ],
  fieldsEvidence: documentation('IBM, QRadar Threat Intelligence app: try it first'),
  pitfalls: [
    {
      text: 'It needs QRadar 7.4.3 or later with an app that speaks TAXII 2.1.',
      evidence: documentation('a provider of feeds')
    },
    {
      text: 'Discovery and the list of collections are read with the same credentials as the objects.',
      evidence: provenByClients('CLIENT-11: every way to send the key')
    }
  ],
  requests: fromDiscovery
}
