/** Tables of the platform itself: roles, solutions, imports. Not of Sales, so they stand here and not in the data. */

import type { Column, TableDefinition } from './dataverse-schema.ts'

const id: Column = { type: 'Uniqueidentifier', access: 'c' }
const guid: Column = { type: 'Uniqueidentifier' }
const text: Column = { type: 'String', max: 4000 }
const memo: Column = { type: 'Memo', max: 1_000_000 }
const moment: Column = { type: 'DateTime' }
const flag: Column = { type: 'Boolean' }
const whole: Column = { type: 'Integer' }
const stamps: Readonly<Record<string, Column>> = {
  createdon: { type: 'DateTime', access: '' },
  modifiedon: { type: 'DateTime', access: '' },
  versionnumber: { type: 'BigInt', access: '' },
}

const table = (set: string, key: string, name: string, columns: Readonly<Record<string, Column>>): TableDefinition => ({
  set,
  id: key,
  name,
  ownership: 'None',
  columns: { [key]: id, ...columns, ...stamps },
})

const lookup = (column: string, target: string): Column => ({ type: 'Lookup', to: { [column]: [target] } })

/** By logical name. */
export const platformTables: Readonly<Record<string, TableDefinition>> = {
  role: table('roles', 'roleid', 'name', {
    name: text,
    businessunitid: lookup('businessunitid', 'businessunit'),
    parentrootroleid: lookup('parentrootroleid', 'role'),
    roletemplateid: lookup('roletemplateid', 'roletemplate'),
    ismanaged: flag,
  }),
  systemuserroles: table('systemuserrolescollection', 'systemuserroleid', 'systemuserroleid', {
    systemuserid: guid,
    roleid: guid,
  }),
  teamroles: table('teamrolescollection', 'teamroleid', 'teamroleid', { teamid: guid, roleid: guid }),
  teammembership: table('teammemberships', 'teammembershipid', 'teammembershipid', {
    systemuserid: guid,
    teamid: guid,
  }),
  solution: table('solutions', 'solutionid', 'friendlyname', {
    uniquename: text,
    friendlyname: text,
    version: text,
    ismanaged: flag,
    isvisible: flag,
    installedon: moment,
  }),
  solutioncomponent: table('solutioncomponents', 'solutioncomponentid', 'solutioncomponentid', {
    solutionid: lookup('solutionid', 'solution'),
    componenttype: whole,
    objectid: guid,
  }),
  asyncoperation: table('asyncoperations', 'asyncoperationid', 'name', {
    name: text,
    operationtype: whole,
    statecode: whole,
    statuscode: whole,
    message: memo,
    friendlymessage: memo,
    completedon: moment,
  }),
  importjob: table('importjobs', 'importjobid', 'name', {
    name: text,
    solutionname: text,
    progress: { type: 'Double' },
    startedon: moment,
    completedon: moment,
    data: memo,
  }),
}

/** A many-to-many navigation: the table between, its column for this row, and for the other with its table. */
export interface ManyToMany {
  readonly between: string
  readonly own: string
  readonly other: string
  readonly target: string
}

const userRoles = { between: 'systemuserroles', own: 'systemuserid', other: 'roleid', target: 'role' }
const teamRoles = { between: 'teamroles', own: 'teamid', other: 'roleid', target: 'role' }
const membership = { between: 'teammembership', own: 'systemuserid', other: 'teamid', target: 'team' }

/** Many-to-many navigations by table and name. */
export const manyToMany: Readonly<Record<string, Readonly<Record<string, ManyToMany>>>> = {
  systemuser: { systemuserroles_association: userRoles, teammembership_association: membership },
  team: {
    teamroles_association: teamRoles,
    teammembership_association: {
      between: 'teammembership',
      own: 'teamid',
      other: 'systemuserid',
      target: 'systemuser',
    },
  },
}
